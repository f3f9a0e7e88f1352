// As app.py, for Node: a request listener.
"use strict";

const path = require("node:path");

const release = path.basename(__dirname);

module.exports = (request, response) => {
  const ms = Number(new URL(request.url, "http://localhost").searchParams.get("ms"));
  setTimeout(() => {
    response.setHeader("Content-Type", "text/plain");
    response.end(`${process.pid} ${process.env.SUPERD_GENERATION || 0} ${release}\n`);
  }, ms);
};

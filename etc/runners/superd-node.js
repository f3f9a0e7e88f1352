#!/usr/bin/env node
// A Node application on the sockets that superd holds.
//
//   node superd-node.js [--graceful-timeout SECONDS] APP.js
//
// APP.js exports a request listener (an Express or Koa callback is one) or an http.Server, and does not
// listen by itself. Or it does without this command line:
//
//   require("/usr/local/share/superd/runners/superd-node.js").serve(server);
//
// At TERM or INT node would die at once. Here it accepts no more, answers what was accepted, lets go of
// idle connections, and exits with 0.
"use strict";

const http = require("node:http");
const path = require("node:path");
const { pathToFileURL } = require("node:url");

// So long a connection that was accepted may say nothing before a stop waits for it no longer.
const SILENCE = 5000;
// listen(2) sets the backlog of all who share a socket: as many as the kernel allows.
const BACKLOG = 65535;

// The descriptors that superd handed on; the programs that the application starts are not told of them.
function heldSockets() {
  const count = Number(process.env.LISTEN_FDS || 0);
  if (Number(process.env.LISTEN_PID) !== process.pid || count < 1) {
    console.error('superd-node: superd handed on no socket: the group needs `listen` and ' +
                  'socket_env = "listen_fds"');
    process.exit(1);
  }
  delete process.env.LISTEN_FDS;
  delete process.env.LISTEN_PID;
  delete process.env.LISTEN_FDNAMES;
  return Array.from({ length: count }, (_, index) => 3 + index);
}

// One server for each socket: the application's own for the first, and others that hand it their
// requests.
function serverFor(app, index) {
  if (typeof app === "function") return http.createServer(app);
  if (index === 0) return app;
  const server = http.createServer((request, response) => app.emit("request", request, response));
  if (app.listenerCount("upgrade") > 0) {
    server.on("upgrade", (...upgrade) => app.emit("upgrade", ...upgrade));
  }
  return server;
}

// Serves a request listener or an http.Server on all sockets, until TERM or INT.
function serve(app, { gracefulTimeout = 30 } = {}) {
  const connections = new Set();
  const responses = new Set();
  let stopping = false;
  // Says in the answer that the connection ends with it.
  const makeLast = (response) => {
    if (!response.headersSent) response.shouldKeepAlive = false;
  };

  const servers = heldSockets().map((fd, index) => {
    const server = serverFor(app, index);
    server.on("connection", (connection) => {
      connections.add(connection);
      connection.on("close", () => connections.delete(connection));
    });
    server.prependListener("request", (request, response) => {
      responses.add(response);
      response.on("close", () => responses.delete(response));
      if (stopping) makeLast(response);
    });
    server.listen({ fd, backlog: BACKLOG }, BACKLOG);
    return server;
  });

  const stop = () => {
    if (stopping) return;
    stopping = true;
    responses.forEach(makeLast);
    let open = servers.length;
    for (const server of servers) {
      server.close(() => {
        open -= 1;
        if (open === 0) process.exit(0);
      });
    }
    // An answer that began before the stop leaves an open connection behind.
    setInterval(() => servers.forEach((server) => server.closeIdleConnections()), 100);
    setTimeout(() => {
      for (const connection of connections) {
        if (connection.bytesRead === 0) connection.destroy();
      }
    }, SILENCE);
    setTimeout(() => {
      console.error(`superd-node: not finished after ${gracefulTimeout} s, leaving`);
      process.exit(0);
    }, gracefulTimeout * 1000);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

async function main(words) {
  const options = {};
  if (words[0] === "--graceful-timeout") options.gracefulTimeout = Number(words.splice(0, 2)[1]);
  if (words.length !== 1) {
    console.error("usage: superd-node.js [--graceful-timeout SECONDS] APP.js");
    process.exit(2);
  }
  const module = await import(pathToFileURL(path.resolve(words[0])));
  serve(module.default, options);
}

module.exports = { serve };
if (require.main === module) main(process.argv.slice(2));

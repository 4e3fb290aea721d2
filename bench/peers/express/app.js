// The benchmark's application on express with express-session and connect-redis: REDIS_PORT=6379 node app.js
// Prints "port N" once it listens, and ends when its input ends.
'use strict';
const crypto = require('node:crypto');
const express = require('express');
const session = require('express-session');
const { RedisStore } = require('connect-redis');
const { createClient } = require('redis');

const profiles = { small: [10, 500], standard: [10, 2048], large: [2, 8 + 100 * 1024] };
let written = 0;

function answer(response, status = 200) {
  // With a length, so that express-session, which holds the answer back until the session is saved, does not make chunks of it.
  response.statusCode = status;
  response.setHeader('Content-Length', 2);
  response.end('ok');
}

async function main() {
  const client = createClient({ url: `redis://127.0.0.1:${process.env.REDIS_PORT}` });
  await client.connect();
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(session({
    store: new RedisStore({ client, ttl: 20 * 60 }),
    secret: crypto.randomBytes(32).toString('hex'),
    resave: false,
    saveUninitialized: false,
  }));

  app.get('/untouched', (request, response) => answer(response));
  app.get('/read', (request, response) => answer(response, request.session.a1 ? 200 : 409));
  app.get('/write', (request, response) => {
    request.session.a0 = ++written;
    answer(response);
  });
  app.get('/counter', (request, response) => {
    if (request.session.a0 === undefined) {
      answer(response, 409);
      return;
    }
    request.session.a0++;
    answer(response);
  });
  app.get('/seed/:profile', (request, response) => {
    const [attributes, bytes] = profiles[request.params.profile];
    request.session.a0 = 1;
    for (let i = 1; i < attributes; i++) {
      // Text of the same length: base64 of three quarters.
      const length = Math.floor((bytes - 8) / (attributes - 1));
      request.session[`a${i}`] = crypto.randomBytes(length).toString('base64').slice(0, length);
    }
    answer(response);
  });

  const server = app.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
  server.keepAliveTimeout = 0;
  process.stdin.resume();
  process.stdin.on('end', () => process.exit(0));
}

main();

// Preloaded by NODE_OPTIONS: a program of Node.js that looks up or connects to anything but loopback is refused, and
// it is noted.
const net = require('node:net');
const dns = require('node:dns');
const fs = require('node:fs');

const loopback = new Set(['127.0.0.1', '::1', 'localhost', '0.0.0.0', '::', '', undefined, null]);

function check(host) {
  if (!loopback.has(host)) {
    fs.appendFileSync(process.env.LOOPBACK_ONLY_NOTES, `${host}\n`);
    throw Object.assign(new Error(`${host} is not on loopback`), { code: 'ECONNREFUSED' });
  }
}

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
  const first = Array.isArray(args[0]) ? args[0][0] : args[0];
  if (typeof first === 'object' && first !== null) {
    if (first.path === undefined) check(first.host);
  } else if (typeof first === 'number') {
    check(typeof args[1] === 'string' ? args[1] : undefined);
  }
  return connect.apply(this, args);
};
for (const holder of [dns, dns.promises]) {
  const lookup = holder.lookup;
  holder.lookup = function (host, ...rest) {
    check(host);
    return lookup.call(this, host, ...rest);
  };
}

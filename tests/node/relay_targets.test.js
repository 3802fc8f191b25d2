/** Which targets a relay's patterns allow, however they are spelled. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Targets, parseAddress, parseTarget } from "../../relay/targets.js";

/**
 * Whether a relay with this pattern connects to `address` when a client asks for `host`.
 *
 * @param {string} pattern
 * @param {string} host
 * @param {number} [port]
 * @param {string} [address]
 */
function allows(pattern, host, port = 443, address = host) {
  const targets = new Targets([pattern]);
  const target = parseTarget(host, port);
  const reached = parseAddress(address);
  assert.ok(reached, address);
  return target !== null && targets.allows(target) && targets.reaches(target, reached);
}

const PUBLIC = "93.184.215.14";

test("names, wildcards, addresses, ranges and ports", () => {
  assert.ok(allows("example.com:443", "example.com", 443, PUBLIC));
  assert.ok(allows("Example.com:443", "EXAMPLE.com.", 443, PUBLIC));
  assert.ok(!allows("example.com:443", "example.com", 80, PUBLIC));
  assert.ok(!allows("example.com:443", "www.example.com", 443, PUBLIC));
  assert.ok(allows("*.example.com:*", "www.example.com", 1, PUBLIC));
  assert.ok(!allows("*.example.com:*", "example.com", 1, PUBLIC));
  assert.ok(!allows("*.example.com:*", "evilexample.com", 1, PUBLIC));
  assert.ok(allows("*:8000-8999", "a.b", 8500, "8.8.8.8"));
  assert.ok(!allows("*:8000-8999", "a.b", 9000, "8.8.8.8"));
  assert.ok(allows("*:443", "8.8.8.8"));
  assert.ok(!allows("8.8.8.0/24:443", "example.com", 443, "8.8.8.8"));
});

test("a private address only by an address or a range within its network", () => {
  assert.ok(allows("10.0.0.0/8:*", "10.1.2.3"));
  assert.ok(!allows("10.0.0.0/8:*", "11.1.2.3"));
  assert.ok(allows("192.168.1.0/24:*", "192.168.1.9"));
  assert.ok(allows("[::1]:443", "::1"));
  assert.ok(allows("[fd00::/8]:*", "fd12::3"));
  for (const wide of ["0.0.0.0/0:*", "10.0.0.0/7:*", "8.0.0.0/5:*"]) assert.ok(!allows(wide, "10.0.0.1"), wide);
  assert.ok(allows("0.0.0.0/0:*", "8.8.8.8"));
});

test("no IPv4 address by a range of IPv6, however it is wrapped", () => {
  for (const host of ["127.0.0.1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "64:ff9b::127.0.0.1", "::ffff:0:127.0.0.1", "2002:7f00:1::", "::1", "8.8.8.8"]) {
    assert.ok(!allows("[::/0]:*", host), host);
  }
  assert.ok(allows("[::/0]:*", "2606:4700:4700::1111"));
  assert.ok(allows("127.0.0.0/8:*", "::ffff:127.0.0.1"), "it is the same address");
});

test("no private address behind a name; this machine behind localhost", () => {
  for (const address of ["127.0.0.1", "10.0.0.1", "192.168.1.1", "172.20.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255",
    "::1", "::", "::ffff:10.0.0.1", "::ffff:a00:1", "fe80::1", "fd00::1", "ff02::1", "64:ff9b::a00:1", "2002:a00:1::", "::7f00:1", "2001:db8::1", "4000::1"]) {
    assert.ok(!allows("*:*", address), address);
    assert.ok(!allows("example.com:*", "example.com", 443, address), address);
  }
  assert.ok(allows("localhost:*", "localhost", 443, "127.0.0.1"));
  assert.ok(allows("localhost:*", "localhost", 443, "::1"));
  assert.ok(!allows("localhost:*", "localhost", 443, "10.0.0.1"));
});

test("what is matched is what is looked up", () => {
  assert.equal(parseTarget("WWW.Example.COM.", 443)?.name, "www.example.com");
  assert.equal(parseTarget("::ffff:1.2.3.4", 443)?.text, "1.2.3.4:443");
  assert.equal(parseTarget("2606:4700:0:0::1111", 443)?.text, "[2606:4700::1111]:443");
  for (const host of ["1.2.3.4\0.example.com", "a\0.example.com", "fe80::1%lo", "a..b", "", "127.1", "0x7f000001", "ü.example.com", "a b", "a:b", "a/b", "-\n"]) {
    assert.equal(parseTarget(host, 443), null, JSON.stringify(host));
  }
});

test("patterns that make no sense are refused with their text", () => {
  for (const pattern of ["", "example.com", ":443", "example.com:0", "example.com:70000", "example.com:9-1", "a*.example.com:1", "*.:1", "a..b:1", "127.1:1",
    "10.0.0.0/99:*", "[::1%lo]:1", "[::/129]:1", "a b:1"]) {
    assert.throws(() => new Targets([pattern]), (error) => error instanceof RangeError && error.message.includes(pattern), pattern);
  }
});

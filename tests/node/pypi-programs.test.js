import assert from "node:assert/strict";
import { test } from "node:test";
import { pypiSource } from "../../scripts/lib/pypi-source.js";
import { RECEIVED, mqttClient, mqttProgram } from "../support/mqtt_program.js";
import { cast } from "../support/pki.js";
import { missing } from "../support/programs.js";
import { folder, run } from "../support/runner.js";
import { httpsServer, mosquitto } from "../support/servers.js";

const { ca, server: certificate, unknownAuthority } = cast();
const umqtt = await pypiSource("micropython-umqtt.simple");
const urequests = await pypiSource("micropython-urequests");
/** @param {unknown} source */
const unless = (source) => (source ? false : "PyPI cannot be reached");

const MQTT = mqttProgram(mqttClient());

test("umqtt.simple from PyPI, as it is, talks to mosquitto over TLS", { skip: unless(umqtt) || missing("mosquitto") }, async (t) => {
  const broker = await mosquitto(certificate);
  t.after(broker.stop);
  const cwd = folder(t, { "mqtt.py": MQTT, "ca.pem": ca.pem });
  const options = { cwd, env: { MICROPYPATH: `.frozen:${umqtt}` } };
  const { code, stdout, stderr } = await run(["mqtt.py", String(broker.port)], options);
  assert.equal(stderr, "");
  assert.equal(stdout, RECEIVED);
  assert.equal(code, 0);
});

test("umqtt.simple refuses a broker that an unknown authority vouches for", { skip: unless(umqtt) || missing("mosquitto") }, async (t) => {
  const broker = await mosquitto(unknownAuthority);
  t.after(broker.stop);
  const cwd = folder(t, { "mqtt.py": MQTT, "ca.pem": ca.pem });
  const { code, stderr } = await run(["mqtt.py", String(broker.port)], { cwd, env: { MICROPYPATH: `.frozen:${umqtt}` } });
  assert.equal(code, 1);
  assert.match(stderr, /ValueError: \nThe certificate is not correctly signed by the trusted CA\n/);
});

test("urequests from PyPI, as it is, gets and posts over HTTPS", { skip: unless(urequests) }, async (t) => {
  const server = await httpsServer(certificate, {
    async handler(request, response) {
      let body = "";
      for await (const part of request.setEncoding("utf8")) body += part;
      response.end(JSON.stringify({ method: request.method, path: request.url, body }));
    },
  });
  t.after(server.stop);
  const program = `
import sys, urequests
base = "https://localhost:" + sys.argv[1]
response = urequests.get(base + "/data?x=1")
print(response.status_code, response.json())
print(urequests.post(base + "/form", json={"a": [1, 2]}).json()["body"])
`;
  const cwd = folder(t, { "program.py": program });
  const { code, stdout, stderr } = await run(["program.py", String(server.port)], { cwd, env: { MICROPYPATH: `.frozen:${urequests}` } });
  assert.equal(stderr, "");
  assert.equal(code, 0);
  const [got, posted] = stdout.trim().split("\n");
  assert.match(got, /^200 \{.*'method': 'GET'/);
  assert.match(got, /'path': '\/data\?x=1'/);
  assert.deepEqual(JSON.parse(posted), { a: [1, 2] });
});

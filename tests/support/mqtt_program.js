/** A program that sends itself a message over MQTT, by umqtt's MQTTClient. */

/**
 * @param {string} client Python that makes the client, `client`.
 * @returns {string} The program; it prints RECEIVED.
 */
export const mqttProgram = (client) => `
import ssl, sys
${client}
received = []
client.set_callback(lambda topic, message: received.append((topic, message)))
client.connect()
client.subscribe(b"room/+")
client.publish(b"room/kitchen", b"21 degrees", qos=1)
while not received:
    client.wait_msg()
client.check_msg()
client.ping()
client.disconnect()
print(received)
`;

/**
 * Python that makes umqtt.simple's or umqtt.robust's client, which trusts the authority in a file.
 *
 * @param {object} options
 * @param {"simple" | "robust"} [options.module]
 * @param {string} [options.port] Python.
 * @param {string} [options.ca]
 */
export const mqttClient = ({ module = "simple", port = "int(sys.argv[1])", ca = "ca.pem" } = {}) => `
from umqtt.${module} import MQTTClient
with open("${ca}", "rb") as file:
    params = {"server_hostname": "localhost", "cadata": file.read(), "cert_reqs": ssl.CERT_REQUIRED}
client = MQTTClient("board", "localhost", ${port}, ssl=True, ssl_params=params)
`;

export const RECEIVED = "[(b'room/kitchen', b'21 degrees')]\n";

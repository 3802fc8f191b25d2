# Publishes to an MQTT broker over TLS and gets its own message back. mqtt.py beside this file is
# the client.

import mqtt

HOST, PORT = "test.mosquitto.org", 8886
TOPIC = "micropython-ssl/playground"

client = mqtt.Client("playground", HOST, PORT, cafile="/certs/roots.pem")
client.connect()
print("connected to", HOST)
client.subscribe(TOPIC)
client.publish(TOPIC, "hello from a web page")
topic, message = client.wait()
print("\x1b[36m%s\x1b[0m: %s" % (topic, message))
client.disconnect()

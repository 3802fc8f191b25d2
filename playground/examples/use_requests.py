# requests: the few lines that most programs need. See requests.py beside this file for how it is
# done.

import requests

HOST, PORT = "example.com", 443

response = requests.get("https://%s:%d/" % (HOST, PORT))
print(response.status_code, response.reason)
for name, value in response.headers.items():
    print("  %s: %s" % (name, value))
print()
print(response.text)
response.close()

/** The examples: programs and the files they need, in the order of the menu. */

const CERTIFICATES = ["ca.pem", "server.pem", "server.key", "expired.pem", "expired.key", "other.pem", "other.key"];

/**
 * @typedef {object} Example
 * @property {string} id Also the name of its file.
 * @property {string} title
 * @property {string} group
 * @property {string[]} [files] Further files of examples/ that it imports.
 * @property {"https" | "mqtt"} [service] The kind of service that it connects to. If this site has
 *   such a service, its address is put into the program.
 */

/** @type {Example[]} */
export const EXAMPLES = [
  { id: "in_page", title: "A TLS server and client", group: "In this page" },
  { id: "wrong_certificate", title: "Wrong certificates", group: "In this page" },
  { id: "ask", title: "Input and files", group: "In this page" },
  { id: "https_get", title: "HTTPS with socket and ssl", group: "Over the relay", service: "https" },
  { id: "use_requests", title: "requests", group: "Over the relay", files: ["requests.py"], service: "https" },
  { id: "asyncio_many", title: "asyncio: 20 connections", group: "Over the relay", service: "https" },
  { id: "mqtt_over_tls", title: "MQTT over TLS", group: "Over the relay", files: ["mqtt.py"], service: "mqtt" },
  { id: "certificates", title: "Looking at certificates", group: "Over the relay", service: "https" },
];

/**
 * Fetches an example.
 *
 * @param {Example} example
 * @param {Record<string, {host: string, port: number}>} services The services of this site.
 * @returns {Promise<Record<string, string>>} Texts by name; the program is main.py.
 */
export async function loadExample({ id, files = [], service }, services) {
  const program = withService(await text(`examples/${id}.py`), service && services[service]);
  /** @type {Record<string, string>} */
  const texts = { "main.py": program };
  for (const file of files) texts[file] = await text(`examples/${file}`);
  return texts;
}

/** The certificates that examples find in /certs: made for this site, trusted by nobody else. */
export async function loadCertificates() {
  const files = await Promise.all(CERTIFICATES.map(async (name) => [`/certs/${name}`, await text(`certs/${name}`)]));
  return { ...Object.fromEntries(files), "/certs/roots.pem": await text("roots.pem") };
}

/** @param {string} program @param {{host: string, port: number} | undefined} service */
function withService(program, service) {
  if (!service) return program;
  return program.replace(/^HOST, PORT = .*$/m, `HOST, PORT = ${JSON.stringify(service.host)}, ${service.port}`);
}

/** @param {string} path */
async function text(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${response.statusText}`);
  return response.text();
}

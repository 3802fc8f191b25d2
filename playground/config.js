/** The settings of the site that serves the page. */

/**
 * @import { Description } from "./relay.js"
 *
 * @typedef {object} Config
 * @property {Description | null} relay The site's own relay, its address relative to the page.
 * @property {Record<string, {host: string, port: number}>} services For the examples.
 * @property {string[]} [allows] Targets that the relay allows, where the site says so.
 */

/** A site that says nothing has no services and perhaps no relay. @type {Config} */
export const NO_CONFIG = { relay: { wisp: "relay/" }, services: {} };

/** @returns {Promise<Config>} */
export async function loadConfig() {
  const said = await fetch("config.json").then((response) => (response.ok ? response.json() : {}), () => ({}));
  return { ...NO_CONFIG, ...said };
}

/**
 * `node scripts/screenshots.js`: takes the pictures of the playground in docs/screenshots anew. To
 * be looked at before they are committed.
 */

import { join } from "node:path";
import { serve } from "../web/node/serve.js";
import { startBrowser } from "../tests/support/browser.js";
import { PLAYGROUND, buildPlayground } from "./lib/playground-build.js";
import { siteFiles, startServices } from "./lib/playground-services.js";
import { ROOT } from "./lib/paths.js";
import { runMain } from "./lib/progress.js";

/** @typedef {Awaited<ReturnType<typeof startBrowser>>} Browser */

/**
 * The first connection that failed is shown instead of the first one, where there is one.
 *
 * @type {{name: string, example: string, colorScheme: "light" | "dark", width: number, isolate:
 *   boolean}[]}
 */
const PICTURES = [
  { name: "light", example: "https_get", colorScheme: "light", width: 1280, isolate: true },
  { name: "dark", example: "wrong_certificate", colorScheme: "dark", width: 1280, isolate: true },
  { name: "phone", example: "https_get", colorScheme: "dark", width: 390, isolate: false },
];
const HEIGHT = 800;

await runMain(async () => {
  await buildPlayground();
  const services = await startServices();
  const browser = await startBrowser();
  for (const picture of PICTURES) await take(browser, services, picture);
  await browser.stop();
  await services.stop();
});

/**
 * @param {Browser} browser
 * @param {Awaited<ReturnType<typeof startServices>>} services
 * @param {typeof PICTURES[0]} picture
 */
async function take(browser, services, { name, example, colorScheme, width, isolate }) {
  const server = await serve({ mounts: [["/", PLAYGROUND]], files: siteFiles(services), allow: services.targets, isolate });
  const page = await browser.newPage();
  await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
  await page.setViewportSize({ width, height: HEIGHT });
  await page.goto(`${server.url}?example=${example}`);
  await page.waitForSelector('[data-relay="ready"] #run:not(:disabled)');
  // The second run shows what people see: the first one compiles.
  for (let i = 0; i < 2; i++) {
    await page.click("#run");
    await page.waitForFunction(() => /^Done/.test(document.getElementById("state")?.textContent ?? ""));
  }
  await page.click("#tab-connections");
  await page.waitForSelector(".connection .timeline");
  await page.evaluate(() => {
    const failed = document.querySelector(".connection:has(.badge.failed)");
    for (const connection of document.querySelectorAll("details.connection")) connection.toggleAttribute("open", failed === null || connection === failed);
  });
  await page.mouse.move(0, 0);
  await page.waitForFunction(() => !document.querySelector("#connection-list")?.textContent?.includes("SHA-256 …"));
  await page.screenshot({ path: join(ROOT, "docs", "screenshots", `${name}.png`) });
  await page.close();
  await server.close();
}

// A relay on Cloudflare's Workers: `npx wrangler deploy`. What it allows is said in wrangler.toml.
export { default } from "micropython-ssl/relay/workers";

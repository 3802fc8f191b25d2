import { connect } from "../web/index.node.js";
import { lateTickets } from "./support/late_tickets.js"; import { cast } from "./support/pki.js";
const people = cast(); const t={after(){}}
const server = await lateTickets(t, people.server);
const socket = connect({ hostname: "127.0.0.1", port: server.port }, { secureTransport: "on", ca: people.ca.pem, sni: "localhost" });
const w = socket.writable.getWriter(); console.log("w"); await w.write(new Uint8Array(128*1024)); console.log("written"); w.releaseLock(); socket.close().then(()=>console.log("closed")); setTimeout(()=>{console.log("rel"); server.release()},500); console.log(await server.received); process.exit()

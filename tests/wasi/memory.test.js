// Where memory ends under wasmtime.

import { MEMORY, memoryTests } from "../support/memory_programs.js";
import { micropython } from "../support/wasi.js";

memoryTests((args, options) => micropython(args, { more: ["-W", `max-memory-size=${MEMORY}`], ...options }));

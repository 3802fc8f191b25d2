/** What a call throws that has to wait where nothing can block; see SuspendingNetwork. Whoever catches everything must let it through. */
export const SUSPEND = Symbol("suspend");

/** What a client checks of the log: promises, proofs, checkpoints and its own streams. */
export * from "./checkpoint.ts";
export * from "./control.ts";
export * from "./errors.ts";
export * from "./event.ts";
export * from "./history.ts";
export * from "./merkle.ts";
export { encodeNote, parseNote, parseVerifierKey, signNote, VerifierKey, verifyNote } from "./note.ts";
export * from "./opening.ts";
export { due, encodePromise, parsePromise, type Promised, verifyPromise } from "./promise.ts";
export * from "./proof.ts";
export * from "./stream.ts";
export * from "./tiles.ts";

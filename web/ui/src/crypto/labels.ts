/** Every domain-separation label, as in the Python package; a new meaning is a new label, none is ever reused. */

/** The one suite: X-Wing HPKE, XChaCha20-Poly1305, Ed25519, SHA-256, HKDF-SHA256, Argon2id. Bound into every object. */
export const SUITE = Uint8Array.of(1);

export const Label = {
  // Sealed to a public key (HPKE info).
  ITEM_KEY: "eigendossier/v1/item/key",
  PLACED_ITEM_KEY: "eigendossier/v1/placement/item-key",
  CAPSULE: "eigendossier/v1/capsule",
  ROOT: "eigendossier/v1/unlock/root",
  MESSAGE: "eigendossier/v1/message",
  // Wrapped under a symmetric key (associated data).
  ITEM_METADATA: "eigendossier/v1/item/metadata",
  SECTION_SECRET: "eigendossier/v1/section/secret",
  ADOPTED_ITEM_KEY: "eigendossier/v1/section/item-key",
  METHOD_SEED: "eigendossier/v1/unlock/method",
  IDENTITY: "eigendossier/v1/unlock/identity",
  DOSSIER_KEYS: "eigendossier/v1/dossier/keys",
  DEVICE_STATE: "eigendossier/v1/device/state",
  STREAM_KEY: "eigendossier/v1/log/stream-key",
  EVENT_SEED: "eigendossier/v1/log/seed",
  EVENT_PAYLOAD: "eigendossier/v1/log/payload",
  KEPT_ANSWER: "eigendossier/v1/log/kept-answer",
  // Content streams (associated data of each chunk).
  ITEM_CONTENT: "eigendossier/v1/item/content",
  // Derivations (HKDF info).
  ITEM_COMMITMENT: "eigendossier/v1/item/commitment",
  ITEM_METADATA_KEY: "eigendossier/v1/item/metadata-key",
  ITEM_CONTENT_KEY: "eigendossier/v1/item/content-key",
  SECTION_KEM: "eigendossier/v1/section/kem",
  SECTION_LIST: "eigendossier/v1/section/list",
  DOSSIER_INBOX: "eigendossier/v1/dossier/inbox",
  UNLOCK_PASSPHRASE: "eigendossier/v1/unlock/passphrase",
  UNLOCK_RECOVERY: "eigendossier/v1/unlock/recovery-code",
  // Hashes.
  ITEM_CORE: "eigendossier/v1/item/core",
  CAPSULE_KEY: "eigendossier/v1/capsule/key",
  CAPSULE_KEYS: "eigendossier/v1/capsule/keys",
  PASSPHRASE_CHECK: "eigendossier/v1/unlock/passphrase-check",
  RECOVERY_CHECK: "eigendossier/v1/unlock/recovery-check",
  REGISTER_KEYS: "eigendossier/v1/register/keys",
  // Kept inside the service (HMACs and look-up keys).
  IDENTIFIER: "eigendossier/v1/service/identifier",
  RATE: "eigendossier/v1/service/rate",
  CSRF: "eigendossier/v1/service/csrf",
} as const;

export type Label = (typeof Label)[keyof typeof Label];

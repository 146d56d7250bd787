/**
 * A whole stream, checked by the one who holds its keys: nothing left out, nothing changed, nothing added. What this
 * cannot see is an event after the last one shown; its tag is `nextTag`, and must not be in the log.
 * Page: docs/spec/event.md.
 */
import { type Bytes, decodeHex, EMPTY, HASH_SIZE, sameBytes, sha256 } from "../crypto/encoding.ts";
import { IncompleteError, ProofError, SplitViewError } from "./errors.ts";
import { leafHash } from "./merkle.ts";
import { checkOpening, type Opening } from "./opening.ts";
import { eventLink, eventTag, NO_PREVIOUS, parseLeaf } from "./stream.ts";

const EPOCH_SCHEMA = "epoch/v1";
const ERASURE_SCHEMA = "erasure/v1";

/** One event as shown: its number, its leaf of 97 bytes, its opening, or nothing when the payload was erased. */
export type StreamEvent = { readonly seq: number; readonly leaf: Bytes; readonly opening?: Opening };

/** How far a stream was checked: last number, its leaf hash, and SHA-256 of the key of the next event. */
export type StreamHead = { readonly seq: number; readonly leafHash: Bytes; readonly keyHash: Bytes };

/** What a check found: the new head, the shown fields by number, the erased numbers, the tag that must be absent. */
export type Checked = {
  readonly head: StreamHead;
  readonly events: ReadonlyMap<number, ReadonlyMap<string, string>>;
  readonly erased: readonly number[];
  readonly nextTag: Bytes | undefined;
};

/** The head of a stream without events, given SHA-256 of its first key as pinned. */
export const firstHead = (keyHash: Bytes): StreamHead => ({ seq: 0, leafHash: NO_PREVIOUS, keyHash });

/** Checks the events that follow `head`, in order; `keys` are those of the epochs from the head on. */
export function verifyStream(
  stream: string,
  keys: readonly Bytes[],
  events: readonly StreamEvent[],
  head: StreamHead,
): Checked {
  const walk = new Walk(stream, keys, head);
  for (const event of events) walk.step(event);
  const missing = walk.erased.find((seq) => !walk.accounted.has(seq));
  if (missing !== undefined) {
    throw new IncompleteError(`event ${missing}: payload is gone and no later event says why`);
  }
  const key = walk.current();
  const nextTag = key && eventTag(key, walk.head.seq + 1);
  return { head: walk.head, events: walk.shown, erased: walk.erased, nextTag };
}

/** The state of one check. */
class Walk {
  readonly shown = new Map<number, ReadonlyMap<string, string>>();
  readonly erased: number[] = [];
  readonly accounted = new Set<number>();
  readonly #stream: string;
  readonly #keys: Bytes[];
  head: StreamHead;

  constructor(stream: string, keys: readonly Bytes[], head: StreamHead) {
    this.#stream = stream;
    this.#keys = [...keys];
    this.head = head;
  }

  /** The key of the next event, if it is held and is the one committed to. */
  current(): Bytes | undefined {
    const [key] = this.#keys;
    if (key && !sameBytes(sha256(key), this.head.keyHash)) {
      throw new SplitViewError(`event ${this.head.seq + 1}: stream key is not the one that was committed to`);
    }
    return key;
  }

  /** Checks one event and moves the head over it. */
  step({ seq, leaf, opening }: StreamEvent): void {
    if (seq !== this.head.seq + 1) throw new IncompleteError(`event ${this.head.seq + 1}: not shown`);
    const key = this.current();
    if (!key) throw new IncompleteError(`event ${seq}: key of its epoch is not there`);
    this.#checkLeaf(key, seq, leaf);
    this.head = { ...this.head, seq, leafHash: leafHash(leaf) };
    if (opening) this.#take(seq, fieldsOf(seq, leaf, opening));
    else this.erased.push(seq);
  }

  #checkLeaf(key: Bytes, seq: number, data: Bytes): void {
    const leaf = parseLeaf(data);
    if (!sameBytes(leaf.tag, eventTag(key, seq))) {
      throw new SplitViewError(`event ${seq}: leaf is not of this stream and number`);
    }
    if (!sameBytes(leaf.link, eventLink(key, seq, this.head.leafHash))) {
      throw new SplitViewError(`event ${seq}: leaf does not follow the one before it`);
    }
  }

  #take(seq: number, fields: ReadonlyMap<string, string>): void {
    this.shown.set(seq, fields);
    if (fields.get("schema") === EPOCH_SCHEMA) {
      // The event that commits the next key is the last of its epoch.
      this.#keys.shift();
      const next = fields.get("next");
      this.head = { ...this.head, keyHash: next ? decodeHex(next, HASH_SIZE) : EMPTY };
    }
    if (fields.get("schema") === ERASURE_SCHEMA && fields.get("stream") === this.#stream) {
      this.accounted.add(Number(fields.get("seq")));
    }
  }
}

function fieldsOf(seq: number, leaf: Bytes, opening: Opening): ReadonlyMap<string, string> {
  try {
    return checkOpening(leaf, opening);
  } catch (error) {
    if (!(error instanceof ProofError)) throw error;
    throw new ProofError(`event ${seq}: ${error.message}`, { cause: error });
  }
}

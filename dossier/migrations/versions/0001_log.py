"""Schema audit: streams, the writer's functions, the log; append-only by rights, not by habit.

The service may read every table here and writes none: it executes functions that run with the owner's rights.
Revision: 0001. Parent: none.
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROLES = """
DO $$
DECLARE wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['dossier_service', 'dossier_eraser'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            EXCEPTION WHEN duplicate_object THEN
                NULL;  -- another database of the same server was migrated at this moment
            END;
        END IF;
    END LOOP;
END $$
"""

TABLES = (
    "CREATE SCHEMA audit",
    # Every id starts with two bytes of bucket, by which tables can be spread over servers.
    """CREATE FUNCTION audit.bucket(id bytea) RETURNS int LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
       RETURN get_byte(id, 0) * 256 + get_byte(id, 1)""",
    # The one clock of the project, UTC milliseconds; tests replace this function.
    """CREATE FUNCTION audit.now_ms() RETURNS bigint LANGUAGE sql VOLATILE
       AS 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint'""",
    """CREATE TABLE audit.head (
           bucket int NOT NULL, stream bytea NOT NULL CHECK (octet_length(stream) = 16), kind text NOT NULL,
           seq bigint NOT NULL, leaf bytea NOT NULL CHECK (octet_length(leaf) = 32), at bigint NOT NULL,
           rules_seq bigint NOT NULL, rules_leaf bytea NOT NULL, items_seq bigint NOT NULL, items_leaf bytea NOT NULL,
           key_epoch int NOT NULL, PRIMARY KEY (bucket, stream)) WITH (fillfactor = 50)""",
    """CREATE TABLE audit.stream_key (
           bucket int NOT NULL, stream bytea NOT NULL, epoch int NOT NULL, from_seq bigint NOT NULL,
           month text NOT NULL, wrapped bytea NOT NULL, PRIMARY KEY (bucket, stream, epoch))""",
    """CREATE TABLE audit.event (
           bucket int NOT NULL, stream bytea NOT NULL, seq bigint NOT NULL CHECK (seq > 0),
           event bytea NOT NULL CHECK (octet_length(event) = 16),
           leaf bytea NOT NULL CHECK (octet_length(leaf) = 97), at bigint NOT NULL,
           PRIMARY KEY (bucket, stream, seq), UNIQUE (bucket, event))""",
    """CREATE TABLE audit.payload (
           bucket int NOT NULL, stream bytea NOT NULL, seq bigint NOT NULL, month text NOT NULL,
           seed bytea NOT NULL, sealed bytea NOT NULL, PRIMARY KEY (bucket, stream, seq))
       WITH (toast_tuple_target = 8160)""",
    # Ciphertext does not compress, and a page of its own for each payload would double the writing.
    "ALTER TABLE audit.payload ALTER COLUMN sealed SET STORAGE EXTERNAL",
    """CREATE TABLE audit.pending (
           id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, bucket int NOT NULL, stream bytea NOT NULL,
           seq bigint NOT NULL, leaf bytea NOT NULL, at bigint NOT NULL)""",
    """CREATE TABLE audit.fact (
           bucket int NOT NULL, stream bytea NOT NULL, seq bigint NOT NULL, ordinal int NOT NULL,
           class text NOT NULL CHECK (class IN ('rules', 'items', 'keys')), kind text NOT NULL,
           subject bytea NOT NULL CHECK (octet_length(subject) = 16), body bytea NOT NULL,
           PRIMARY KEY (bucket, stream, seq, ordinal))""",
    "CREATE INDEX fact_class ON audit.fact (bucket, stream, class, seq)",
    "CREATE INDEX fact_subject ON audit.fact (bucket, stream, subject)",
    """CREATE TABLE audit.claim (
           bucket int NOT NULL, actor bytea NOT NULL, route bytea NOT NULL, key bytea NOT NULL, body bytea NOT NULL,
           stream bytea NOT NULL, seq bigint NOT NULL, event bytea NOT NULL, kept bytea, at bigint NOT NULL,
           PRIMARY KEY (bucket, actor, route, key))""",
    "CREATE INDEX claim_at ON audit.claim (at)",
    """CREATE TABLE audit.erasure (
           bucket int NOT NULL, stream bytea NOT NULL, seq bigint NOT NULL, ground text NOT NULL,
           erased_by bigint NOT NULL, at bigint NOT NULL, PRIMARY KEY (bucket, stream, seq))""",
    # Control leaves of the log itself; their stream is 16 zero bytes.
    "CREATE TABLE audit.control (seq bigint PRIMARY KEY CHECK (seq > 0), leaf bytea NOT NULL, at bigint NOT NULL)",
    # The log's own tables refer to no other: they may live on a server of their own.
    """CREATE TABLE audit.log_leaf (
           log_index bigint PRIMARY KEY CHECK (log_index >= 0), stream bytea NOT NULL, seq bigint NOT NULL,
           leaf bytea NOT NULL, UNIQUE (stream, seq))""",
    # Level -1 holds the bundles of entries.
    """CREATE TABLE audit.tile (
           level int NOT NULL CHECK (level BETWEEN -1 AND 63), n bigint NOT NULL,
           width int NOT NULL CHECK (width BETWEEN 1 AND 256), bytes bytea NOT NULL, PRIMARY KEY (level, n, width))""",
    "CREATE INDEX tile_partial ON audit.tile (level, n) WHERE width < 256",
    """CREATE TABLE audit.checkpoint (
           size bigint PRIMARY KEY, root bytea NOT NULL, note bytea NOT NULL, at bigint NOT NULL)""",
    """CREATE TABLE audit.log_state (
           one boolean PRIMARY KEY DEFAULT true CHECK (one), size bigint NOT NULL, root bytea NOT NULL)""",
    "INSERT INTO audit.log_state (size, root) VALUES (0, sha256(''))",
)

# A function that runs with the owner's rights names its search path, or a caller could slip in other tables. Sequential
# scans are off because plans are kept: one made while a table was empty would outlive its growth.
DEFINER = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = audit, pg_temp SET enable_seqscan = off"

ENTER = f"""
CREATE FUNCTION audit.enter(
    streams bytea[], strangers bytea[], c_actor bytea[], c_route bytea[], c_key bytea[])
RETURNS TABLE (
    part text, ordinal bigint, stream bytea, kind text, seq bigint, leaf bytea, at bigint, rules_seq bigint,
    rules_leaf bytea, items_seq bigint, items_leaf bytea, key_epoch int, event bytea, body bytea, kept bytea)
VOLATILE {DEFINER} SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
BEGIN
    -- One order everywhere: two writers cannot wait for each other.
    RETURN QUERY
        SELECT 'head', 0::bigint, h.stream, h.kind, h.seq, h.leaf, h.at, h.rules_seq, h.rules_leaf, h.items_seq,
               h.items_leaf, h.key_epoch, NULL::bytea, NULL::bytea, NULL::bytea
        FROM unnest(streams) AS wanted (id) JOIN head h ON h.bucket = bucket(wanted.id) AND h.stream = wanted.id
        ORDER BY h.bucket, h.stream FOR UPDATE OF h;
    -- A volatile function takes a new snapshot for each statement: what follows is read after the locks were got.
    RETURN QUERY
        SELECT 'foreign', 0::bigint, h.stream, h.kind, h.seq, h.leaf, h.at, h.rules_seq, h.rules_leaf, h.items_seq,
               h.items_leaf, h.key_epoch, NULL::bytea, NULL::bytea, NULL::bytea
        FROM unnest(strangers) AS wanted (id) JOIN head h ON h.bucket = bucket(wanted.id) AND h.stream = wanted.id;
    IF cardinality(c_actor) > 0 THEN
        RETURN QUERY
            SELECT 'claim', wanted.ordinal, c.stream, NULL::text, c.seq, NULL::bytea, c.at, NULL::bigint, NULL::bytea,
                   NULL::bigint, NULL::bytea, NULL::int, c.event, c.body, c.kept
            FROM unnest(c_actor, c_route, c_key) WITH ORDINALITY AS wanted (actor, route, key, ordinal)
            JOIN claim c ON c.bucket = bucket(wanted.actor) AND c.actor = wanted.actor AND c.route = wanted.route
                        AND c.key = wanted.key;
    END IF;
    RETURN QUERY
        SELECT 'time', 0::bigint, NULL::bytea, NULL::text, NULL::bigint, NULL::bytea, now_ms(), NULL::bigint,
               NULL::bytea, NULL::bigint, NULL::bytea, NULL::int, NULL::bytea, NULL::bytea, NULL::bytea;
END $$
"""

APPEND = f"""
CREATE FUNCTION audit.append(
    at bigint, month text,
    h_stream bytea[], h_expected bigint[], h_seq bigint[], h_leaf bytea[], h_rules_seq bigint[], h_rules_leaf bytea[],
    h_items_seq bigint[], h_items_leaf bytea[], h_epoch int[],
    e_stream bytea[], e_seq bigint[], e_event bytea[], e_leaf bytea[], e_seed bytea[], e_sealed bytea[],
    f_stream bytea[], f_seq bigint[], f_ordinal int[], f_class text[], f_kind text[], f_subject bytea[], f_body bytea[],
    c_actor bytea[], c_route bytea[], c_key bytea[], c_body bytea[], c_stream bytea[], c_seq bigint[], c_event bytea[],
    c_kept bytea[])
RETURNS void VOLATILE {DEFINER} AS $$
#variable_conflict use_column
DECLARE
    moved bigint;
    within bigint;
BEGIN
    -- First the claims: a second use of an idempotency key ends the transaction before anything is numbered.
    IF cardinality(c_actor) > 0 THEN
        INSERT INTO claim (bucket, actor, route, key, body, stream, seq, event, kept, at)
        SELECT bucket(c.actor), c.actor, c.route, c.key, c.body, c.stream, c.seq, c.event, c.kept, append.at
        FROM unnest(c_actor, c_route, c_key, c_body, c_stream, c_seq, c_event, c_kept)
             AS c (actor, route, key, body, stream, seq, event, kept) ORDER BY c.actor, c.route, c.key;
    END IF;
    UPDATE head SET seq = m.seq, leaf = m.leaf, at = append.at, rules_seq = m.rules_seq, rules_leaf = m.rules_leaf,
                    items_seq = m.items_seq, items_leaf = m.items_leaf, key_epoch = m.epoch
    FROM unnest(h_stream, h_expected, h_seq, h_leaf, h_rules_seq, h_rules_leaf, h_items_seq, h_items_leaf, h_epoch)
         AS m (stream, expected, seq, leaf, rules_seq, rules_leaf, items_seq, items_leaf, epoch)
    WHERE head.bucket = bucket(m.stream) AND head.stream = m.stream AND head.seq = m.expected AND head.at <= append.at;
    GET DIAGNOSTICS moved = ROW_COUNT;
    -- Events are unique by (stream, seq): as many as the heads moved, each within its head's step, leaves no gap.
    SELECT count(*) INTO within
    FROM unnest(e_stream, e_seq) AS e (stream, seq)
    JOIN unnest(h_stream, h_expected, h_seq) AS m (stream, expected, reached)
      ON m.stream = e.stream AND e.seq > m.expected AND e.seq <= m.reached;
    IF moved <> cardinality(h_stream) OR within <> cardinality(e_stream)
       OR within <> (SELECT coalesce(sum(m.reached - m.expected), 0) FROM unnest(h_expected, h_seq)
                     AS m (expected, reached)) THEN
        RAISE EXCEPTION 'a head moved or an event is out of order' USING ERRCODE = 'serialization_failure';
    END IF;
    INSERT INTO event (bucket, stream, seq, event, leaf, at)
    SELECT bucket(e.stream), e.stream, e.seq, e.event, e.leaf, append.at
    FROM unnest(e_stream, e_seq, e_event, e_leaf) AS e (stream, seq, event, leaf);
    INSERT INTO payload (bucket, stream, seq, month, seed, sealed)
    SELECT bucket(e.stream), e.stream, e.seq, append.month, e.seed, e.sealed
    FROM unnest(e_stream, e_seq, e_seed, e_sealed) AS e (stream, seq, seed, sealed);
    INSERT INTO pending (bucket, stream, seq, leaf, at)
    SELECT bucket(e.stream), e.stream, e.seq, e.leaf, append.at
    FROM unnest(e_stream, e_seq, e_leaf) AS e (stream, seq, leaf);
    IF cardinality(f_stream) > 0 THEN
        INSERT INTO fact (bucket, stream, seq, ordinal, class, kind, subject, body)
        SELECT bucket(f.stream), f.stream, f.seq, f.ordinal, f.class, f.kind, f.subject, f.body
        FROM unnest(f_stream, f_seq, f_ordinal, f_class, f_kind, f_subject, f_body)
             AS f (stream, seq, ordinal, class, kind, subject, body);
    END IF;
END $$
"""

STREAMS = (
    f"""CREATE FUNCTION audit.open_streams(
            streams bytea[], kinds text[], first_leaf bytea, month text, wrapped bytea[])
        RETURNS void VOLATILE {DEFINER} AS $$
        #variable_conflict use_column
        BEGIN
            INSERT INTO head
            SELECT bucket(o.stream), o.stream, o.kind, 0, first_leaf, 0, 0, first_leaf, 0, first_leaf, 0
            FROM unnest(streams, kinds) AS o (stream, kind);
            INSERT INTO stream_key
            SELECT bucket(o.stream), o.stream, 0, 1, open_streams.month, o.wrapped
            FROM unnest(streams, wrapped) AS o (stream, wrapped);
        END $$""",
    f"""CREATE FUNCTION audit.next_key(stream bytea, epoch int, from_seq bigint, month text, wrapped bytea)
        RETURNS void VOLATILE {DEFINER} AS $$
        BEGIN
            INSERT INTO stream_key VALUES (bucket(stream), stream, epoch, from_seq, month, wrapped);
        END $$""",
    # Months change and wraps with them: the one thing of a stream key that may change is what it is wrapped in.
    f"""CREATE FUNCTION audit.rewrap_keys(
            streams bytea[], epochs int[], olds text[], new_month text, wraps bytea[])
        RETURNS bigint VOLATILE {DEFINER} AS $$
        #variable_conflict use_column
        DECLARE changed bigint;
        BEGIN
            UPDATE stream_key SET month = new_month, wrapped = r.wrapped
            FROM unnest(streams, epochs, olds, wraps) AS r (stream, epoch, month, wrapped)
            WHERE stream_key.bucket = bucket(r.stream) AND stream_key.stream = r.stream
              AND stream_key.epoch = r.epoch AND stream_key.month = r.month;
            GET DIAGNOSTICS changed = ROW_COUNT;
            RETURN changed;
        END $$""",
    f"""CREATE FUNCTION audit.add_control(seq bigint, leaf bytea) RETURNS void VOLATILE {DEFINER} AS $$
        #variable_conflict use_variable
        DECLARE moment bigint := now_ms();
        BEGIN
            LOCK TABLE control IN EXCLUSIVE MODE;
            IF seq <> (SELECT coalesce(max(c.seq), 0) + 1 FROM control c) THEN
                RAISE EXCEPTION 'not the next control leaf' USING ERRCODE = 'serialization_failure';
            END IF;
            INSERT INTO control VALUES (seq, leaf, moment);
            INSERT INTO pending (bucket, stream, seq, leaf, at)
            VALUES (0, decode(repeat('00', 16), 'hex'), seq, leaf, moment);
        END $$""",
    f"""CREATE FUNCTION audit.forget_claims(before bigint) RETURNS bigint VOLATILE {DEFINER} AS $$
        #variable_conflict use_column
        DECLARE gone bigint;
        BEGIN
            -- Seven days, whatever the caller says: until then an idempotency key answers.
            DELETE FROM claim WHERE at < least(before, now_ms() - 7 * 86400000::bigint);
            GET DIAGNOSTICS gone = ROW_COUNT;
            RETURN gone;
        END $$""",
    f"""CREATE FUNCTION audit.erase_payload(gone_stream bytea, gone_seq bigint, ground text, erased_by bigint)
        RETURNS void VOLATILE {DEFINER} AS $$
        #variable_conflict use_column
        BEGIN
            DELETE FROM payload p
            WHERE p.bucket = bucket(gone_stream) AND p.stream = gone_stream AND p.seq = gone_seq;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'no payload there' USING ERRCODE = 'no_data_found';
            END IF;
            INSERT INTO erasure
            VALUES (bucket(gone_stream), gone_stream, gone_seq, erase_payload.ground, erase_payload.erased_by, now_ms());
        END $$""",
)

LOG = (
    f"""CREATE FUNCTION audit.log_extend(
            old_size bigint, new_size bigint, new_root bytea, note bytea, streams bytea[], seqs bigint[],
            leaves bytea[], t_level int[], t_n bigint[], t_width int[], t_bytes bytea[])
        RETURNS void VOLATILE {DEFINER} AS $$
        #variable_conflict use_column
        BEGIN
            -- Compare and swap: of two sequencers one finds another size here and gives up.
            UPDATE log_state SET size = new_size, root = new_root WHERE one AND size = old_size;
            IF NOT FOUND OR new_size <> old_size + cardinality(leaves) THEN
                RAISE EXCEPTION 'the log has another size' USING ERRCODE = 'serialization_failure';
            END IF;
            INSERT INTO log_leaf (log_index, stream, seq, leaf)
            SELECT old_size + l.ordinal - 1, l.stream, l.seq, l.leaf
            FROM unnest(streams, seqs, leaves) WITH ORDINALITY AS l (stream, seq, leaf, ordinal);
            INSERT INTO tile (level, n, width, bytes)
            SELECT t.level, t.n, t.width, t.bytes
            FROM unnest(t_level, t_n, t_width, t_bytes) AS t (level, n, width, bytes);
            INSERT INTO checkpoint (size, root, note, at) VALUES (new_size, new_root, log_extend.note, now_ms());
        END $$""",
    f"""CREATE FUNCTION audit.forget_pending(ids bigint[]) RETURNS void VOLATILE {DEFINER} AS $$
        #variable_conflict use_column
        BEGIN
            DELETE FROM pending p USING unnest(ids) AS gone (id) WHERE p.id = gone.id;
        END $$""",
    # Partial tiles of earlier sizes; their files go by their own rule.
    f"""CREATE FUNCTION audit.sweep_tiles(size bigint) RETURNS bigint VOLATILE {DEFINER} AS $$
        #variable_conflict use_column
        DECLARE gone bigint;
        BEGIN
            DELETE FROM tile t WHERE t.width < 256 AND sweep_tiles.size <= (SELECT s.size FROM log_state s)
                AND (t.n << (8 * (greatest(t.level, 0) + 1))) + (t.width::bigint << (8 * greatest(t.level, 0)))
                    <= sweep_tiles.size
                AND (t.n, t.width) IS DISTINCT FROM (
                    sweep_tiles.size >> (8 * (greatest(t.level, 0) + 1)),
                    ((sweep_tiles.size >> (8 * greatest(t.level, 0))) & 255)::int);
            GET DIAGNOSTICS gone = ROW_COUNT;
            RETURN gone;
        END $$""",
)

GRANTS = (
    "REVOKE ALL ON SCHEMA audit FROM PUBLIC",
    "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA audit FROM PUBLIC",
    "GRANT USAGE ON SCHEMA audit TO dossier_service, dossier_eraser",
    "GRANT SELECT ON ALL TABLES IN SCHEMA audit TO dossier_service",
    "GRANT SELECT ON audit.head, audit.stream_key, audit.fact, audit.claim, audit.event, audit.erasure"
    " TO dossier_eraser",
    "GRANT EXECUTE ON FUNCTION audit.bucket, audit.now_ms, audit.enter, audit.append TO dossier_service,"
    " dossier_eraser",
    "GRANT EXECUTE ON FUNCTION audit.open_streams, audit.next_key, audit.rewrap_keys, audit.add_control,"
    " audit.forget_claims, audit.log_extend, audit.forget_pending, audit.sweep_tiles TO dossier_service",
    # The one right to take something away is another role's.
    "GRANT EXECUTE ON FUNCTION audit.erase_payload TO dossier_eraser",
)


def upgrade() -> None:
    """Make the schema."""
    connection = op.get_bind()
    for statement in (ROLES, *TABLES, ENTER, APPEND, *STREAMS, *LOG, *GRANTS):
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    """Refuse: a log that can be dropped by a command was never one."""
    raise NotImplementedError("the log is never taken back")

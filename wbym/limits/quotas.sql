-- The verbs of a quota store in PostgreSQL: each call is one atomic step on one owner's buckets.
--
-- {schema} is the schema, {v} a version of this text: functions of several versions stand side by
-- side, so that services can be updated one by one. All times are of clock_timestamp(), as Unix
-- seconds; what comes in and goes out are durations. An advisory lock serializes the steps of an
-- owner; a batch takes them in the order of their numbers.
--
-- The script quotas.lua does the same, step by step, and explains the numbers: change both.

-- After a crash the server empties unlogged tables. That is why bans have a logged one.
CREATE UNLOGGED TABLE IF NOT EXISTS {schema}.quota_owner (
    owner text PRIMARY KEY,
    born float8 NOT NULL, -- when the store first saw the owner
    expires float8 NOT NULL
);
CREATE UNLOGGED TABLE IF NOT EXISTS {schema}.quota_bucket (
    owner text NOT NULL,
    name text NOT NULL,
    step float8, -- the interval of a rate, the period of a window
    size float8, -- the declared burst, budget or cap
    declared float8, -- when it was last declared
    stated float8, -- the burst or budget that the marketplace states
    marks float8[] NOT NULL DEFAULT '{0,0}', -- until when less urgent calls are held back
    full_at float8, -- a rate: when it counts as just full
    capacity float8, apart float8,
    spread float8[], -- its jitter: low, high, samples; low and high of the block before
    period bigint, used float8, ends float8, margin float8, unknown boolean, probe float8, -- a window
    slots text[], held_until float8[], learnt float8, learnt_until float8, -- a cap
    expires float8 NOT NULL DEFAULT 0,
    PRIMARY KEY (owner, name)
) WITH (fillfactor = 60);
CREATE UNLOGGED TABLE IF NOT EXISTS {schema}.quota_grant (
    id text PRIMARY KEY,
    at float8 NOT NULL, due float8 NOT NULL, cost float8 NOT NULL,
    -- By bucket: its name and kind; before and after a rate's count, or the period of a window.
    names text[] NOT NULL, kinds text[] NOT NULL, befores float8[] NOT NULL, afters float8[] NOT NULL,
    expires float8 NOT NULL
);
CREATE TABLE IF NOT EXISTS {schema}.quota_ban (
    owner text NOT NULL,
    name text NOT NULL,
    until float8 NOT NULL,
    since float8 NOT NULL,
    PRIMARY KEY (owner, name)
);

CREATE OR REPLACE FUNCTION {schema}.quota_save_{v}(b {schema}.quota_bucket, now float8) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    b.expires := 600 + greatest(
        now, b.full_at + b.capacity * b.step, b.ends + b.margin, b.learnt_until);
    INSERT INTO {schema}.quota_bucket AS stored SELECT b.*
    ON CONFLICT (owner, name) DO UPDATE SET
        (step, size, declared, stated, marks, full_at, capacity, apart, spread, period, used, ends,
         margin, unknown, probe, slots, held_until, learnt, learnt_until, expires)
        = (b.step, b.size, b.declared, b.stated, b.marks, b.full_at, b.capacity, b.apart, b.spread,
           b.period, b.used, b.ends, b.margin, b.unknown, b.probe, b.slots, b.held_until, b.learnt,
           b.learnt_until, b.expires);
    UPDATE {schema}.quota_owner SET expires = b.expires + 60
    WHERE owner = b.owner AND expires < b.expires;
END $$;

CREATE OR REPLACE FUNCTION {schema}.quota_reserve_{v}(whose text, grant_id text, given jsonb)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    now float8;
    priority int := (given->0)::int;
    wait_up_to float8 := (given->1)::float8;
    cost float8 := (given->2)::float8;
    ahead boolean := (given->3)::boolean;
    min_jitter float8 := (given->4)::float8;
    max_jitter float8 := (given->5)::float8;
    charges jsonb := given->6;
    total int := jsonb_array_length(charges);
    born float8;
    b {schema}.quota_bucket;
    bs {schema}.quota_bucket[] := '{}';
    names text[] := '{}'; kinds text[] := '{}';
    befores float8[] := '{}'; afters float8[] := '{}';
    "left" float8[] := '{}'; stricter int[] := '{}';
    label text; kind text; a float8; n float8; outdone boolean;
    burst float8; spread float8; jitter float8; room float8; cap float8;
    own float8; ban float8; banned_until float8;
    wait float8 := 0; worst int := 1; banned boolean := false; unknown boolean := false;
    status int;
BEGIN
    PERFORM pg_advisory_xact_lock(2003, hashtext(whose));
    now := extract(epoch FROM clock_timestamp());
    -- A step whose reply was lost is repeated: it counts once.
    PERFORM {schema}.quota_cancel_{v}(whose, grant_id, given);
    SELECT o.born INTO born FROM {schema}.quota_owner o WHERE o.owner = whose;
    IF NOT FOUND THEN
        born := now;
        INSERT INTO {schema}.quota_owner VALUES (whose, now, now + 660) ON CONFLICT DO NOTHING;
    END IF;
    FOR i IN 1..total LOOP
        label := charges->(i - 1)->>0;
        kind := charges->(i - 1)->>1;
        a := (charges->(i - 1)->2)::float8;
        n := (charges->(i - 1)->3)::float8;
        SELECT * INTO b FROM {schema}.quota_bucket s WHERE s.owner = whose AND s.name = label;
        IF NOT FOUND THEN
            b.owner := whose; b.name := label; b.marks := '{0,0}';
        END IF;
        SELECT s.until INTO banned_until FROM {schema}.quota_ban s WHERE s.owner = whose AND s.name = b.name;
        outdone := now - b.declared < 600 AND CASE kind
            WHEN 'rate' THEN b.step > a OR (b.step = a AND b.size < n)
            WHEN 'window' THEN b.size / b.step < n / a OR (b.size / b.step = n / a AND b.size < n)
            ELSE b.size < n END;
        IF outdone IS TRUE THEN
            stricter := stricter || (i - 1);
        ELSE
            b.step := a; b.size := n; b.declared := now;
        END IF;
        IF kind = 'rate' THEN
            burst := coalesce(b.stated, b.size);
            spread := CASE
                WHEN b.spread IS NULL THEN 0
                WHEN b.spread[4] IS NOT NULL
                    THEN greatest(b.spread[2], b.spread[5]) - least(b.spread[1], b.spread[4])
                WHEN b.spread[3] >= 64 THEN b.spread[2] - b.spread[1]
                WHEN b.spread[3] < 2 THEN 0
                ELSE (b.spread[2] - b.spread[1]) * (b.spread[3] + 1) / (b.spread[3] - 1) END;
            jitter := greatest(1.25 * spread, min_jitter);
            IF burst = 1 THEN
                jitter := greatest(jitter, 0.05 * b.step);
            END IF;
            jitter := least(jitter, max_jitter);
            b.apart := greatest(0, (1 + jitter / b.step) / burst - 1);
            b.capacity := greatest(1, burst - jitter / b.step);
            b.full_at := greatest(coalesce(b.full_at, born - b.step), banned_until - b.step);
            room := least(b.capacity, (now - b.full_at) / b.step);
            own := (least(cost, b.capacity) - room) * b.step;
        ELSIF kind = 'window' THEN
            b.margin := max_jitter;
            IF b.period IS NULL THEN
                b.period := 1; b.used := 0;
                IF now - born < b.step THEN b.unknown := true; END IF;
            END IF;
            IF now >= b.ends + b.margin THEN
                b.period := b.period + 1; b.used := 0; b.ends := NULL; b.unknown := NULL; b.probe := NULL;
            END IF;
            IF b.unknown AND coalesce(b.probe, 0) > now THEN
                own := NULL;
            ELSE
                cap := coalesce(b.stated, b.size);
                room := cap - b.used;
                IF priority > 0 AND b.unknown IS NULL THEN
                    room := room - least(greatest(1, ceil(cap * 0.02)), cap - 1);
                END IF;
                own := CASE WHEN least(cost, cap) <= room OR (b.used = 0 AND room > 0) THEN 0
                    ELSE coalesce(b.ends, now + b.step) + b.margin - now END;
            END IF;
            ahead := ahead AND own = 0;
        ELSE
            SELECT coalesce(array_agg(u.id), '{}'), coalesce(array_agg(u.until), '{}')
            INTO b.slots, b.held_until
            FROM unnest(b.slots, b.held_until) u(id, until) WHERE u.until > now;
            cap := CASE WHEN b.learnt_until > now THEN least(b.size, b.learnt) ELSE b.size END;
            IF now - born < 2 THEN cap := 1; END IF;
            own := CASE WHEN cap > cardinality(b.slots) THEN 0 END;
            ahead := false;
            room := cap - cardinality(b.slots);
        END IF;
        IF own IS NULL THEN
            own := 0.05; unknown := true;
        END IF;
        ban := coalesce(banned_until - now, 0);
        own := greatest(own, ban);
        IF priority > 0 THEN own := greatest(own, b.marks[1] - now); END IF;
        IF priority > 1 THEN own := greatest(own, b.marks[2] - now); END IF;
        IF own > wait THEN
            wait := own; worst := i; banned := ban >= own;
        END IF;
        bs := bs || b;
        names := names || label; kinds := kinds || kind;
        "left" := "left" || room;
    END LOOP;

    IF wait > 1e-6 AND NOT (coalesce(ahead, false) AND NOT unknown AND wait <= wait_up_to) THEN
        status := CASE
            WHEN unknown AND wait <= 0.05 THEN CASE WHEN wait_up_to <= 0 THEN 2 ELSE 1 END
            WHEN wait > wait_up_to THEN 2 ELSE 1 END;
        IF status = 1 AND priority < 2 THEN
            b := bs[worst];
            b.marks[priority + 1] := greatest(b.marks[priority + 1], now + wait + 0.15);
            bs[worst] := b;
        END IF;
        FOREACH b IN ARRAY bs LOOP
            PERFORM {schema}.quota_save_{v}(b, now);
        END LOOP;
        RETURN jsonb_build_array(status, wait, worst - 1, banned, '[]'::jsonb, '[]'::jsonb);
    END IF;

    FOR i IN 1..total LOOP
        b := bs[i];
        IF kinds[i] = 'rate' THEN
            befores := befores || b.full_at;
            b.full_at := greatest(b.full_at, now - b.capacity * b.step) + cost * (1 + b.apart) * b.step;
            afters := afters || b.full_at;
            "left"[i] := least(b.capacity, (now - b.full_at) / b.step);
        ELSIF kinds[i] = 'window' THEN
            b.used := b.used + cost;
            b.ends := coalesce(b.ends, now + b.step);
            IF b.unknown THEN b.probe := now + 30; END IF;
            befores := befores || 0::float8; afters := afters || b.period::float8;
            "left"[i] := coalesce(b.stated, b.size) - b.used;
        ELSE
            b.slots := b.slots || grant_id; b.held_until := b.held_until || (now + wait + 4);
            befores := befores || 0::float8; afters := afters || 0::float8;
            "left"[i] := "left"[i] - 1;
        END IF;
        "left"[i] := greatest("left"[i], 0);
        PERFORM {schema}.quota_save_{v}(b, now);
    END LOOP;
    INSERT INTO {schema}.quota_grant
    VALUES (grant_id, now, now + wait, cost, names, kinds, befores, afters, now + wait + 600);
    RETURN jsonb_build_array(0, wait, 0, false, to_jsonb("left"), to_jsonb(stricter));
END $$;

CREATE OR REPLACE FUNCTION {schema}.quota_settle_{v}(whose text, grant_id text, given jsonb)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    now float8;
    cost float8 := (given->0)::float8;
    elapsed float8 := (given->1)::float8;
    signal jsonb;
    g {schema}.quota_grant;
    b {schema}.quota_bucket;
    extra float8; since float8; room float8; ends float8;
    remaining float8; "limit" float8; resets_in float8; parallel float8;
BEGIN
    PERFORM pg_advisory_xact_lock(2003, hashtext(whose));
    now := extract(epoch FROM clock_timestamp());
    DELETE FROM {schema}.quota_grant d WHERE d.id = grant_id RETURNING * INTO g;
    IF NOT FOUND THEN RETURN NULL; END IF;
    extra := cost - g.cost;
    FOR i IN 1..cardinality(g.names) LOOP
        SELECT * INTO b FROM {schema}.quota_bucket s WHERE s.owner = whose AND s.name = g.names[i];
        CONTINUE WHEN NOT FOUND;
        signal := '["", -1, -1, -1, -1]';
        FOR j IN 0..jsonb_array_length(given->2) - 1 LOOP
            IF given->2->j->>0 = b.name THEN signal := given->2->j; END IF;
        END LOOP;
        remaining := (signal->1)::float8; "limit" := (signal->2)::float8;
        resets_in := (signal->3)::float8; parallel := (signal->4)::float8;
        since := NULL;
        IF remaining >= 0 THEN
            SELECT s.since INTO since FROM {schema}.quota_ban s WHERE s.owner = whose AND s.name = b.name;
            IF g.at < since AND b.unknown IS NULL THEN remaining := -1; END IF;
        END IF;
        IF g.kinds[i] = 'rate' AND b.full_at IS NOT NULL THEN
            IF extra > 0 THEN
                b.full_at := greatest(b.full_at, now - b.capacity * b.step) + extra * b.step;
            END IF;
            IF elapsed >= 0 THEN
                b.spread := CASE
                    WHEN b.spread IS NULL THEN ARRAY[elapsed, elapsed, 1]
                    WHEN b.spread[3] >= 64 THEN ARRAY[elapsed, elapsed, 1, b.spread[1], b.spread[2]]
                    ELSE ARRAY[least(b.spread[1], elapsed), greatest(b.spread[2], elapsed), b.spread[3] + 1]
                        || b.spread[4:5] END;
            END IF;
            IF "limit" >= 1 THEN b.stated := "limit"; END IF;
            IF remaining >= 0 THEN
                room := remaining + 1 + (now - g.due) / b.step - (coalesce(b.stated, b.size) - b.capacity);
                IF room < least(b.capacity, (now - b.full_at) / b.step) THEN
                    b.full_at := now - room * b.step;
                END IF;
            END IF;
        ELSIF g.kinds[i] = 'window' AND b.period IS NOT NULL THEN
            IF now >= b.ends + b.margin THEN
                b.period := b.period + 1; b.used := 0; b.ends := NULL; b.unknown := NULL;
            END IF;
            b.probe := NULL;
            IF "limit" >= 1 THEN b.stated := "limit"; END IF;
            IF b.period = g.afters[i] THEN
                b.used := greatest(0, b.used + extra);
                IF resets_in > 0 THEN
                    ends := now + least(resets_in, b.step);
                    IF ends - b.ends > b.step / 2 THEN
                        b.period := b.period + 1; b.used := 1;
                    END IF;
                    b.ends := ends;
                END IF;
                IF remaining >= 0 THEN
                    b.used := greatest(b.used, coalesce(b.stated, b.size) - remaining);
                    b.unknown := NULL;
                END IF;
            END IF;
        ELSIF g.kinds[i] = 'parallel' THEN
            SELECT coalesce(array_agg(u.id), '{}'), coalesce(array_agg(u.until), '{}')
            INTO b.slots, b.held_until
            FROM unnest(b.slots, b.held_until) u(id, until) WHERE u.id <> grant_id;
            IF parallel >= 1 THEN b.learnt := parallel; b.learnt_until := now + 3600; END IF;
        END IF;
        PERFORM {schema}.quota_save_{v}(b, now);
    END LOOP;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION {schema}.quota_cancel_{v}(whose text, grant_id text, given jsonb)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    now float8;
    g {schema}.quota_grant;
    b {schema}.quota_bucket;
BEGIN
    PERFORM pg_advisory_xact_lock(2003, hashtext(whose));
    now := extract(epoch FROM clock_timestamp());
    DELETE FROM {schema}.quota_grant d WHERE d.id = grant_id RETURNING * INTO g;
    IF NOT FOUND THEN RETURN NULL; END IF;
    FOR i IN 1..cardinality(g.names) LOOP
        SELECT * INTO b FROM {schema}.quota_bucket s WHERE s.owner = whose AND s.name = g.names[i];
        CONTINUE WHEN NOT FOUND;
        IF g.kinds[i] = 'rate' THEN
            IF b.full_at = g.afters[i] THEN b.full_at := g.befores[i]; END IF;
        ELSIF g.kinds[i] = 'window' THEN
            IF b.period = g.afters[i] THEN
                b.used := greatest(0, b.used - g.cost); b.probe := NULL;
            END IF;
        ELSE
            SELECT coalesce(array_agg(u.id), '{}'), coalesce(array_agg(u.until), '{}')
            INTO b.slots, b.held_until
            FROM unnest(b.slots, b.held_until) u(id, until) WHERE u.id <> grant_id;
        END IF;
        PERFORM {schema}.quota_save_{v}(b, now);
    END LOOP;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION {schema}.quota_renew_{v}(whose text, grant_id text, given jsonb)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    now float8;
    g {schema}.quota_grant;
    b {schema}.quota_bucket;
    valid boolean := true;
BEGIN
    PERFORM pg_advisory_xact_lock(2003, hashtext(whose));
    now := extract(epoch FROM clock_timestamp());
    UPDATE {schema}.quota_grant u SET expires = now + 600 WHERE u.id = grant_id RETURNING * INTO g;
    IF NOT FOUND THEN RETURN to_jsonb(false); END IF;
    FOR i IN 1..cardinality(g.names) LOOP
        valid := valid AND NOT EXISTS (
            SELECT FROM {schema}.quota_ban s
            WHERE s.owner = whose AND s.name = g.names[i] AND (s.until > now OR s.since > g.at));
        SELECT * INTO b FROM {schema}.quota_bucket s WHERE s.owner = whose AND s.name = g.names[i];
        CONTINUE WHEN NOT FOUND;
        IF g.kinds[i] = 'window' THEN
            valid := valid AND b.period = g.afters[i] AND coalesce(now < b.ends + b.margin, true);
        ELSIF g.kinds[i] = 'parallel' THEN
            valid := valid AND grant_id = ANY (b.slots);
            SELECT coalesce(array_agg(u.id), '{}') || grant_id, coalesce(array_agg(u.until), '{}') || now + 4
            INTO b.slots, b.held_until
            FROM unnest(b.slots, b.held_until) u(id, until) WHERE u.id <> grant_id;
            PERFORM {schema}.quota_save_{v}(b, now);
        END IF;
    END LOOP;
    RETURN to_jsonb(valid);
END $$;

CREATE OR REPLACE FUNCTION {schema}.quota_ban_{v}(whose text, grant_id text, given jsonb)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    now float8;
BEGIN
    PERFORM pg_advisory_xact_lock(2003, hashtext(whose));
    now := extract(epoch FROM clock_timestamp());
    INSERT INTO {schema}.quota_ban AS stored VALUES (whose, given->>0, now + (given->1)::float8, now)
    ON CONFLICT (owner, name) DO UPDATE SET
        until = greatest(stored.until, excluded.until), since = excluded.since;
    RETURN NULL;
END $$;

-- Deletes what has expired; never waits for a row.
CREATE OR REPLACE FUNCTION {schema}.quota_purge_{v}() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    now float8 := extract(epoch FROM clock_timestamp());
BEGIN
    DELETE FROM {schema}.quota_grant WHERE id IN (
        SELECT id FROM {schema}.quota_grant WHERE expires < now LIMIT 1000 FOR UPDATE SKIP LOCKED);
    DELETE FROM {schema}.quota_bucket WHERE (owner, name) IN (
        SELECT owner, name FROM {schema}.quota_bucket WHERE expires < now LIMIT 1000 FOR UPDATE SKIP LOCKED);
    DELETE FROM {schema}.quota_owner WHERE owner IN (
        SELECT owner FROM {schema}.quota_owner WHERE expires < now LIMIT 1000 FOR UPDATE SKIP LOCKED);
    DELETE FROM {schema}.quota_ban WHERE (owner, name) IN (
        SELECT owner, name FROM {schema}.quota_ban WHERE until + 600 < now LIMIT 1000 FOR UPDATE SKIP LOCKED);
END $$;

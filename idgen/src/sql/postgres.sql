-- {{scheme}} ids{{of_node}}, made by PostgreSQL itself: version 10 or later, no extension, any role.
-- Printed by idgen. Run it once in a transaction (psql -1 -v ON_ERROR_STOP=1); running it again changes no state.
--
-- Every id is a position on one line, tick * {{per_tick}} + sequence, dressed in the layout
-- {{layout}}.
-- {{position_name}} holds the last position, and the clock only raises it:
-- a clock can make ids late, and cannot make them equal.
--
-- Why two calls never get one position, whatever sessions, transactions, rollbacks and clocks do:
--
--   1. nextval yields each number once, in growing order, unless setval lowers the sequence.
--   2. setval is called by one session at a time, under an advisory lock, and only while the era is
--      odd: the era is made odd before the last position is read, and even after the line is raised.
--   3. A number drawn by nextval is used only if the era was the same even number before and after.
--      The era never goes back, so the draw did not lie within any raising of the line.
--   4. So at a raising every number in use is at most the last position read, which is below the floor
--      set. Numbers that setval takes back were drawn while the era was odd: nobody used them.
--   5. Later numbers are above that floor. With 4, all numbers in use differ, and they grow in the
--      order of time.
--
-- Sequences are not rolled back, so an aborted transaction leaves a gap and no second use. A session that
-- is cancelled while it raises the line leaves the era odd, and its lock is gone with its subtransaction:
-- the next call raises the line anew. A crash may skip up to 32 positions and goes on past the clock.
--
-- Rests on: nobody else makes ids of {{holder}}; nobody resets the sequences (setval,
-- RESTART, DROP); CACHE stays 1; the clock is not set back across a crash or a fail-over that lost its
-- last writes. The sequences belong to no column, so that TRUNCATE ... RESTART IDENTITY spares them.

CREATE SEQUENCE IF NOT EXISTS {{position}} AS bigint MINVALUE 0 START 0 CACHE 1 NO CYCLE;
CREATE SEQUENCE IF NOT EXISTS {{era}} AS bigint CACHE 1 NO CYCLE;

CREATE OR REPLACE FUNCTION {{function}}() RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $idgen$
DECLARE
    tick     bigint;  -- the clock's
    lowest   bigint;  -- floor: first position of that tick
    highest  bigint;  -- last position before the horizon: {{drift}} ticks ahead
    era      bigint;
    last     bigint;
    claimed  bigint;
    waited   bigint := 0;  -- milliseconds
BEGIN
    LOOP
        -- The time of this moment; now() would be the transaction's.
        tick := ((extract(epoch FROM {{clock}}) * 1000000)::bigint - ({{epoch_micros}})) / {{tick_micros}};
        IF tick < 0 THEN
            RAISE EXCEPTION 'idgen: the clock is % ticks before the epoch of {{scheme}}', -tick
                USING ERRCODE = '55000', HINT = 'Check the time service of the database server.';
        ELSIF tick > {{last_tick}} THEN
            RAISE EXCEPTION 'idgen: tick % is past {{last_tick}}, the last of {{scheme}} that fits a bigint', tick
                USING ERRCODE = '55000',
                HINT = 'Its ids would be negative or wrap. Migrate to a layout with a later epoch or more tick bits.';
        END IF;
        lowest := tick * {{per_tick}};
        highest := least(tick + {{drift}}, {{last_tick}}) * {{per_tick}} + {{sequence_mask}};

        era := pg_catalog.pg_sequence_last_value({{era_literal}}::pg_catalog.regclass);
        last := pg_catalog.pg_sequence_last_value({{position_literal}}::pg_catalog.regclass);

        IF era % 2 = 0 AND last >= lowest AND last < highest THEN
            -- The line is in the clock's tick already: draw, and see that nobody raised it meanwhile.
            claimed := pg_catalog.nextval({{position_literal}}::pg_catalog.regclass);
            IF claimed <= highest
                AND pg_catalog.pg_sequence_last_value({{era_literal}}::pg_catalog.regclass) = era THEN
                RETURN {{dressed}};
            END IF;
        ELSIF era % 2 = 0 AND last >= highest THEN
            -- The line ran ahead as far as it may: more ids than ticks, or a clock that stepped back.
            IF waited >= {{max_wait_millis}} OR last / {{per_tick}} - tick > {{max_lead}} THEN
                RAISE EXCEPTION 'idgen: {{scheme}} ids are % ticks ahead of the clock, more than {{drift}}', last / {{per_tick}} - tick
                    USING ERRCODE = '55000',
                    HINT = 'The clock stepped back, or the load is above {{per_tick}} ids a tick. Retry when the clock has caught up; see that the time service slews rather than steps.';
            END IF;
            PERFORM pg_catalog.pg_sleep(0.001);
            waited := waited + 1;
        ELSE
            -- A new tick, the first call of all, or a raising that was cut short.
            claimed := NULL;
            BEGIN
                PERFORM pg_catalog.pg_advisory_xact_lock(
                    {{lock_class}}, {{position_literal}}::pg_catalog.regclass::oid::integer);
                era := pg_catalog.pg_sequence_last_value({{era_literal}}::pg_catalog.regclass);
                last := pg_catalog.pg_sequence_last_value({{position_literal}}::pg_catalog.regclass);
                IF era IS NULL OR era % 2 = 1 OR last IS NULL OR last < lowest THEN
                    IF era IS NULL OR era % 2 = 0 THEN
                        PERFORM pg_catalog.nextval({{era_literal}}::pg_catalog.regclass);
                    END IF;
                    last := pg_catalog.pg_sequence_last_value({{position_literal}}::pg_catalog.regclass);
                    IF last IS NULL OR last < lowest THEN
                        claimed := pg_catalog.setval({{position_literal}}::pg_catalog.regclass, lowest);
                    END IF;
                    PERFORM pg_catalog.nextval({{era_literal}}::pg_catalog.regclass);
                END IF;
                -- Ends the subtransaction, and with it the lock. Sequences keep what they have.
                RAISE EXCEPTION USING ERRCODE = 'IDG00';
            EXCEPTION WHEN SQLSTATE 'IDG00' THEN
                NULL;
            END;
            IF claimed IS NOT NULL THEN
                RETURN {{dressed}};
            END IF;
        END IF;
    END LOOP;
END
$idgen$;

COMMENT ON FUNCTION {{function}}() IS
    {{comment_literal}};

-- Another role needs: GRANT USAGE ON SCHEMA {{schema}} TO role;
--                     GRANT USAGE, UPDATE ON SEQUENCE {{position}}, {{era}} TO role;
{{column_default}}

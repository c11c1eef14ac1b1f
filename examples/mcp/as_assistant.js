// One query of an assistant, run for the user whose delegated token came along.
//
// The SQL was written by a model that has read other people's letters: it may be hostile.
// What it may see is decided by the database.  What is decided here: it is one query and
// nothing else, in a transaction that is always rolled back, on a connection that keeps
// nothing of it.
export const ACTOR = "assistant";
export const MOST_ROWS = 200;
export const MOST_BYTES = 1_000_000;
export const MOST_TIME = 10_000; // milliseconds: more than statement_timeout

/** The service could not log in, or found no free connection: nothing about the user. */
export class NoConnection extends Error {}
/** A token of the user's own: it would not be bound by the assistant's ceiling. */
export class NotDelegated extends Error {}

export async function asAssistant(pool, token, sql) {
  const client = await pool.connect().catch((cause) => {
    throw new NoConnection("no connection to the database", { cause });
  });
  let broken;
  const onError = (error) => { broken = error; };
  client.on("error", onError); // unheard, it would end the process
  // Who sends too much, or takes too long, loses the connection.  One row may hold a
  // gigabyte, and some functions (of XML) do not hear of statement_timeout.
  const socket = client.connection.stream;
  const end = (code, message) => socket.destroy(Object.assign(new Error(message), { code }));
  const clock = setTimeout(end, MOST_TIME, "57014", "the query takes too long");
  let received = 0;
  const count = ({ length }) => {
    received += length;
    if (received > MOST_BYTES) end("54000", `the answer exceeds ${MOST_BYTES} bytes`);
  };
  socket.on("data", count);
  // The extended protocol takes one statement: what stands behind a ";" is an error.
  const run = (text, values) => client.query({ text, values, queryMode: "extended" });
  try {
    await run("BEGIN READ ONLY");
    await run("SELECT authz.set_token($1, is_local => true)", [token]);
    const { rows: [who] } = await run("SELECT authz.has_actor($1) AS ours", [ACTOR]);
    if (!who.ours) throw new NotDelegated("the token is not one of the assistant's");
    // A cursor takes nothing but a query: no COMMIT, SET, RESET, PREPARE or DO.
    await run(`DECLARE answer NO SCROLL CURSOR FOR ${sql}`);
    const { rows } = await run(`FETCH ${MOST_ROWS} FROM answer`);
    return rows;
  } finally {
    // Always: whatever a function of the query has set ends here.  DISCARD ALL takes what
    // outlives a transaction (prepared statements, advisory locks).
    try {
      await run("ROLLBACK");
      await run("DISCARD ALL");
    } catch (error) {
      broken ??= error;
    }
    clearTimeout(clock);
    socket.off("data", count);
    client.off("error", onError);
    client.release(broken); // with an error: closed, and never lent again
  }
}

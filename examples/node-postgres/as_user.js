// One transaction of one user, on a connection that all users share.
//
//   const rows = await asUser(pool, request.headers.authorization, async (db) =>
//     (await db.query("SELECT id, body FROM notes WHERE id = $1", [id])).rows);

/** The service could not log in, or found no free connection: nothing about the user. */
export class NoConnection extends Error {}

export async function asUser(pool, token, work) {
  // The role's own login may fail with 28000 as well.  That must not become a 401.
  const client = await pool.connect().catch((cause) => {
    throw new NoConnection("no connection to the database", { cause });
  });

  // A connection that is cut while it is ours emits "error"; unheard, that ends the process.
  let broken;
  const onError = (error) => { broken = error; };
  client.on("error", onError);

  // work() gets this and not the client.  What it forgot to await may come back when the
  // connection is somebody else's, and is turned away then.
  let over = false;
  const db = {
    async query(text, values) {
      if (over) throw new Error("this user's transaction is over");
      // "extended" sends one statement and binds the values, also where there are none
      return client.query({ text, values, queryMode: "extended" });
    },
  };

  try {
    await client.query("BEGIN");
    await client.query("SELECT authz.set_token($1, is_local => true)", [token]);
    const result = await work(db);
    over = true;
    // COMMIT of a transaction that has failed is no error: it says ROLLBACK.
    const { command } = await client.query("COMMIT");
    if (command !== "COMMIT") throw new Error("the transaction had failed; it was rolled back");
    return result;
  } catch (error) {
    over = true;
    await client.query("ROLLBACK").catch((failure) => { broken ??= failure; });
    throw error;
  } finally {
    client.off("error", onError);
    client.release(broken); // with an error: closed, and never lent again
  }
}

/** The HTTP status that an error of asUser() means, and for 401 the challenge. */
export function statusOf(error) {
  const code = error.code ?? "";
  if (error instanceof NoConnection) return { status: 503 };
  if (code === "28000") return { status: 401, challenge: challengeOf(error.detail) };
  if (code === "42501") return { status: 403 };
  if (/^(22|23)/.test(code)) return { status: 400 };
  if (/^(08|40|53|57)/.test(code)) return { status: 503 }; // timeouts, restarts, deadlocks
  return { status: 500 };
}

// DETAIL holds the body of RFC 6750, section 3.  It came with the error itself;
// authz.www_authenticate() asked afterwards may reach another connection of a pooler.
function challengeOf(detail) {
  let told = {};
  try {
    told = Object(JSON.parse(detail));
  } catch { /* none, or somebody else's: a trigger may raise 28000 as well */ }
  if (!told.error) return 'Bearer realm="notes"'; // there was no token
  const quoted = (text = "") => `"${`${text}`.replace(/[^ -~]/g, "?").replace(/["\\]/g, "\\$&")}"`;
  return `Bearer realm="notes", error=${quoted(told.error)}, `
    + `error_description=${quoted(told.error_description)}`;
}

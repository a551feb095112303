import pg from "pg";

const connectWithinMs = 4_000;

/** Opens one connection without start-up parameters, which poolers refuse. The caller ends it. */
export async function openClient(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: connectWithinMs,
    query_timeout: connectWithinMs,
    application_name: "wheelhouse-doctor",
  });
  // A lost connection shows in the answer to the next query.
  client.on("error", () => {});
  try {
    await client.connect();
  } catch (error) {
    endSoon(client);
    throw error;
  }
  return client;
}

/** Ends it without waiting: a server that hangs never confirms the end. */
export function endSoon(client: pg.Client) {
  void client.end().catch(() => {});
}

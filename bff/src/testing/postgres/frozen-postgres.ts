import { z } from "zod";
import type { OwnPostgres } from "../stack.ts";
import { query } from "../stack-owner.ts";

const processes = z.array(z.object({ pid: z.number() }));

/** Freezes the server and every process that serves a connection; the returned function thaws them. */
export async function freezePostgres(postgres: OwnPostgres): Promise<() => void> {
  const serving = processes.parse(
    await query(
      postgres.adminUrl,
      "select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
    ),
  );
  const signal = (name: "SIGSTOP" | "SIGCONT") => {
    for (const { pid } of serving)
      try {
        process.kill(pid, name);
      } catch {
        // Ended since.
      }
  };
  postgres.pause();
  signal("SIGSTOP");
  return () => {
    signal("SIGCONT");
    postgres.resume();
  };
}

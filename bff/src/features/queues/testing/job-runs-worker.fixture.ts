import { work, workerOptions } from "./job-runs.fixture.ts";

// A worker in a process of its own, for tests that kill it. Its addresses come as JSON in the first argument.
await work(workerOptions.parse(JSON.parse(process.argv[2] ?? "")));
process.stdout.write("working\n");

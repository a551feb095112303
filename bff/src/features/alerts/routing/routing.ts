export { createMine } from "./mine.ts";
export { createOnCall } from "./on-call.ts";
export { routingRoutes } from "./routes.ts";
export { readStanding, type Standing, type StandingChannel, type StandingTeam } from "./standing.ts";
export { type Called, calledByStep, everyone, nextStep, sendsAt, teamFor } from "./targets.ts";
export { createTeams } from "./teams.ts";
export { type Person, type Way, waysOf } from "./ways.ts";

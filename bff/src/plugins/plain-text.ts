import type { FastifyInstance } from "fastify";
import fastifyPlugin from "fastify-plugin";
import { invalidField } from "#lib/http/errors.ts";

const depthMax = 64;

/** Refuses, by field name, text that neither Postgres nor JSON can store: NUL and half surrogate pairs. */
export const plainTextPlugin = fastifyPlugin(
  (app: FastifyInstance, _: object, done) => {
    app.addHook("preValidation", async (request) => {
      if (!request.routeOptions.config.endpoint) return;
      check(request.params, "path", 0);
      check(request.query, "query", 0);
      check(request.body, "body", 0);
    });
    done();
  },
  { name: "plain-text" },
);

function check(value: unknown, field: string, depth: number) {
  if (typeof value === "string") {
    if (value.includes("\0") || /\p{Surrogate}/u.test(value))
      throw invalidField(field, "holds a character that cannot be stored");
  } else if (typeof value === "object" && value !== null) {
    if (depth > depthMax) throw invalidField(field, "is nested too deeply");
    for (const [name, inner] of Object.entries(value)) {
      check(name, `${field} (a name in it)`, depth);
      check(inner, `${field}.${name}`, depth + 1);
    }
  }
}

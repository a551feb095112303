import * as contract from "@wheelhouse/shared/alerts/channels.ts";
import type { FastifyInstance } from "fastify";
import { route } from "#lib/http/route.ts";
import type { Contacts } from "./contacts.ts";
import type { ChannelService } from "./service.ts";
import type { createSettings } from "./settings.ts";

export function channelsRoutes(
  app: FastifyInstance,
  {
    channels,
    contacts,
    settings,
  }: { channels: ChannelService; contacts: Contacts; settings: ReturnType<typeof createSettings> },
) {
  route(app, contract.listChannels, (_, context) => channels.list(context));
  route(app, contract.createChannel, ({ body }, context) => channels.create(body, context));
  route(app, contract.updateChannel, ({ params, body }, context) =>
    channels.update(params.id, body, context),
  );
  route(app, contract.deleteChannel, ({ params }, context) => channels.remove(params.id, context));
  route(app, contract.testChannel, ({ params }, context) => channels.test(params.id, context));
  route(app, contract.createContact, ({ body }, context) => contacts.create(body, context));
  route(app, contract.deleteContact, ({ params }, context) => contacts.remove(params.id, context));
  route(app, contract.testContact, ({ params }, context) => contacts.test(params.id, context));
  route(app, contract.readAlertSettings, (_, { organization }) => settings.read(organization.id));
  route(app, contract.updateAlertSettings, ({ body }, context) => settings.update(body, context));
}

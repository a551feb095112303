/** Tables of the webhooks feature; mirrors its migrations. */
export type WebhooksTables = Record<never, never>;

import type { EndpointHeader } from "@wheelhouse/shared/webhooks/endpoint-settings.ts";

type Receiver = { url: string; headers: readonly Pick<EndpointHeader, "name">[] };

/** As it stands in the request line. */
const pathOf = (url: string): string => {
  const { pathname, search } = URL.canParse(url) ? new URL(url) : { pathname: "/", search: "" };
  return pathname + search;
};

const own = ({ headers }: Receiver, mark: string): string =>
  headers.length === 0 ? "" : `${mark} Also sent: ${headers.map(({ name }) => name).join(", ")}\n`;

/** A receiver in Node that verifies deliveries with the library of Standard Webhooks. */
export const nodeSample = (receiver: Receiver): string => `// npm install standardwebhooks
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.env.WEBHOOK_SECRET); // whsec_…

createServer(async (request, response) => {
  if (request.url !== ${JSON.stringify(pathOf(receiver.url))}) return response.writeHead(404).end();
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  try {
    // Verify the body as it was received; parsed and written again it has another signature.
    const event = webhook.verify(Buffer.concat(chunks).toString(), {
      "webhook-id": request.headers["webhook-id"],
      "webhook-timestamp": request.headers["webhook-timestamp"],
      "webhook-signature": request.headers["webhook-signature"],
    });
    console.log(request.headers["webhook-id"], event);
    response.writeHead(204).end();
  } catch {
    response.writeHead(401).end();
  }
}).listen(8080);
${own(receiver, "//")}`;

/** The same in Python. */
export const pythonSample = (receiver: Receiver): string => `# pip install standardwebhooks
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["WEBHOOK_SECRET"])  # whsec_…


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        if self.path != ${JSON.stringify(pathOf(receiver.url))}:
            return self.answer(404)
        # Verify the body as it was received; parsed and written again it has another signature.
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            event = webhook.verify(body, {
                "webhook-id": self.headers["webhook-id"],
                "webhook-timestamp": self.headers["webhook-timestamp"],
                "webhook-signature": self.headers["webhook-signature"],
            })
        except WebhookVerificationError:
            return self.answer(401)
        print(self.headers["webhook-id"], event)
        self.answer(204)

    def answer(self, status):
        self.send_response(status)
        self.end_headers()


HTTPServer(("", 8080), Receiver).serve_forever()
${own(receiver, "#.")}`;

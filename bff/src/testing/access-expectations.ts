/**
 * Who may call what: the promise of the access area, written by hand so that a person can check it, and compared
 * with the running application by `app-access.test.ts`. A new endpoint or topic without a line here fails that test.
 *
 * V viewer, O operator, A admin, U auditor, S superadmin, T an API token with every right that a token can carry.
 * A line speaks of the organization that the caller belongs to; `reach` says where else a role holds.
 * `anyone`: no credentials are asked for. `signed in`: whoever has a session, whatever the role; no token.
 */
export const expectations: Record<string, string> = {
  "POST /api/v1/session": "anyone",
  "GET /api/v1/session/providers": "anyone",
  "GET /api/v1/session": "signed in",
  "DELETE /api/v1/session": "signed in",
  "PUT /api/v1/session/organization": "signed in",
  "POST /api/v1/session/step-up": "signed in",
  "PUT /api/v1/session/password": "signed in",
  "POST /api/v1/session/password-reset": "anyone",
  "GET /api/v1/sessions": "signed in",
  "DELETE /api/v1/sessions": "signed in",
  "DELETE /api/v1/sessions/{sessionId}": "signed in",

  "GET /api/v1/members": "A U S T",
  "GET /api/v1/members/{userId}": "A U S T",
  "PATCH /api/v1/members/{userId}": "A S",
  "DELETE /api/v1/members/{userId}": "A S",
  "POST /api/v1/members/{userId}/deactivate": "A S",
  "POST /api/v1/members/{userId}/reactivate": "A S",
  "GET /api/v1/members/{userId}/sessions": "A S",
  "DELETE /api/v1/members/{userId}/sessions": "A S",
  "DELETE /api/v1/members/{userId}/sessions/{sessionId}": "A S",
  "POST /api/v1/members/{userId}/password-reset": "A S",
  "GET /api/v1/invitations": "A U S T",
  "POST /api/v1/invitations": "A S",
  "POST /api/v1/invitations/{id}/link": "A S",
  "DELETE /api/v1/invitations/{id}": "A S",
  "POST /api/v1/invitations/open": "anyone",
  "POST /api/v1/invitations/accept": "anyone",
  "GET /api/v1/organizations": "A U S T",
  "POST /api/v1/organizations": "A S",
  "PATCH /api/v1/organizations/{id}": "A S",

  "GET /api/v1/limits": "A U S T",

  "GET /api/v1/tokens": "A U S T",
  "POST /api/v1/tokens": "A S",
  "DELETE /api/v1/tokens/{id}": "A S",

  "GET /api/v1/overview": "V O A U S T",
  "GET /api/v1/health": "V O A U S T",
  "GET /api/v1/health/{id}": "V O A U S T",
  "POST /api/v1/health/{id}/check": "O A S T",
  "GET /api/v1/maintenance": "V O A U S T",
  "POST /api/v1/maintenance": "O A S T",
  "DELETE /api/v1/maintenance/{id}": "O A S T",
  "GET /api/v1/breakers": "V O A U S T",
  "GET /api/v1/breakers/{id}": "V O A U S T",
  "POST /api/v1/breakers/{id}/open": "O A S T",
  "POST /api/v1/breakers/{id}/close": "O A S T",
  "POST /api/v1/breakers/{id}/reset": "O A S T",
  "GET /api/v1/breakers/operations/{id}": "V O A U S T",
  "GET /api/v1/caches": "V O A U S T",
  "GET /api/v1/caches/servers": "V O A U S T",
  "GET /api/v1/caches/{id}/invalidation": "O A S T",
  "POST /api/v1/caches/{id}/invalidate": "O A S T",
  "GET /api/v1/caches/operations/{id}": "V O A U S T",
  "GET /api/v1/queues": "V O A U S T",
  "GET /api/v1/queues/{id}": "V O A U S T",

  "GET /api/v1/sources": "A U S T",
  "POST /api/v1/sources": "A S T",
  "PUT /api/v1/sources/{id}": "A S T",
  "DELETE /api/v1/sources/{id}": "A S T",
  "POST /api/v1/sources/{id}/heartbeats": "A S T",
  // Connects to any address, so with the rights of the whole installation only.
  "POST /api/v1/sources/servers": "S",
  "PUT /api/v1/sources/servers/{id}": "S",
  "DELETE /api/v1/sources/servers/{id}": "S",

  "GET /api/v1/history/series": "V O A U S T",
  "GET /api/v1/history/journal": "V O A U S T",
  "GET /api/v1/history/annotations": "V O A U S T",
  "GET /api/v1/deployments": "V O A U S T",
  "POST /api/v1/deployments": "O A S T",

  "GET /api/v1/webhooks/deliveries": "V O A U S T",
  "GET /api/v1/webhooks/deliveries/summary": "V O A U S T",
  "GET /api/v1/webhooks/deliveries/{id}": "V O A U S T",
  "POST /api/v1/webhooks/deliveries/{id}/replay": "A S T",
  "GET /api/v1/webhooks/sources": "V O A U S T",
  "POST /api/v1/webhooks/sources": "A S T",
  "DELETE /api/v1/webhooks/sources/{id}": "A S T",
  "GET /api/v1/webhooks/endpoints": "V O A U S T",
  "POST /api/v1/webhooks/endpoints": "A S T",
  "PATCH /api/v1/webhooks/endpoints/{id}": "A S T",
  "DELETE /api/v1/webhooks/endpoints/{id}": "A S T",
  // Signatures decide, per source.
  "POST /hooks/{org}/{source}": "anyone",

  "GET /api/v1/audit/events": "V O A U S T",
  "POST /api/v1/audit/events": "A S T",
  "GET /api/v1/audit/events/{id}": "V O A U S T",
  "GET /api/v1/audit/count": "V O A U S T",
  "GET /api/v1/audit/facets": "V O A U S T",
  "GET /api/v1/audit/activity": "V O A U S T",
  "GET /api/v1/audit/proof": "V O A U S T",
  "GET /api/v1/audit/checkpoints": "V O A U S T",
  "GET /api/v1/audit/checkpoints/download": "V O A U S T",
  "POST /api/v1/audit/checkpoints": "A U S T",
  "GET /api/v1/audit/export": "A U S T",
  // A view of one's own is no more than a saved address.
  "GET /api/v1/audit/views": "V O A U S T",
  "POST /api/v1/audit/views": "V O A U S T",
  "PUT /api/v1/audit/views/{id}": "V O A U S T",
  "DELETE /api/v1/audit/views/{id}": "V O A U S T",
  "GET /api/v1/audit/reviews": "V O A U S T",
  "POST /api/v1/audit/reviews": "U S",
  "GET /api/v1/audit/reviews/{id}": "V O A U S T",
  "GET /api/v1/audit/reviews/{id}/items": "V O A U S T",
  "POST /api/v1/audit/reviews/{id}/marks": "U S",
  "POST /api/v1/audit/reviews/{id}/comments": "U S",
  "POST /api/v1/audit/reviews/{id}/sign": "U S",
  "GET /api/v1/audit/retention": "V O A U S T",
  "PUT /api/v1/audit/retention": "A S",
  "POST /api/v1/audit/holds": "A S",
  "DELETE /api/v1/audit/holds/{id}": "A S",
  "GET /api/v1/audit/verify": "A U S T",

  "live overview": "V O A U S",
  "live health": "V O A U S",
  "live breakers": "V O A U S",
  "live caches": "V O A U S",
  "live queues": "V O A U S",
  "live webhooks": "V O A U S",
  "live audit": "V O A U S",
};

/**
 * Where a role holds, beside the organization it was given in and calls that name none. An admin and an auditor reach
 * down and never up; a superadmin reaches everything; a token stays where it was made.
 */
export const reach = {
  parent: "S",
  child: "A U S",
  foreign: "S",
} as const;

/** What the sealed text of a notification is bound to. */
export const contentPurpose = (id: string) => `notifications:${id}`;

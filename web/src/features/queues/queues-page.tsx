import { Page } from "#ui/page.tsx";

export const QueuesPage = () => <Page title="Queues">{null}</Page>;

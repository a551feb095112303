import { createRoute, Link } from "@tanstack/react-router";
import { Page } from "#ui/page/page.tsx";
import { Empty } from "#ui/page/panel.tsx";
import { organizationRoute } from "./organization.tsx";

const title = "Page not found";

const UnknownPage = () => {
  const { org } = organizationRoute.useParams();
  return (
    <Page title={title}>
      <Empty title="There is no page at this address">
        It may be mistyped, or the page may not exist in this version. Choose a page in the navigation, search
        with <kbd>Ctrl K</kbd>, or go to the{" "}
        <Link to="/o/$org/overview" params={{ org }} className="link">
          overview
        </Link>
        .
      </Empty>
    </Page>
  );
};

/** Any address below an organization that no page has. */
export const unknownPageRoute = createRoute({
  getParentRoute: () => organizationRoute,
  path: "$",
  staticData: { title },
  component: UnknownPage,
});

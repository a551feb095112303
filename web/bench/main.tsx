import { QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { createRootRoute, createRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { createRoot } from "react-dom/client";
import { io } from "socket.io-client";

/** The least that a page of these libraries loads: one line, asked for through each of them. */
const Floor = () => {
  const line = useQuery({ queryKey: ["floor"], queryFn: async () => "The libraries alone" });
  return line.data === undefined ? null : <p data-floor>{line.data}</p>;
};

const client = new QueryClient();
const rootRoute = createRootRoute();
const floorRoute = createRoute({ getParentRoute: () => rootRoute, path: "/", component: Floor });
const router = createRouter({ routeTree: rootRoute.addChildren([floorRoute]) });
io({ transports: ["websocket"], autoConnect: false });

const root = document.getElementById("root");
if (root !== null)
  createRoot(root).render(
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );

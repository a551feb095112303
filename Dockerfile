# syntax=docker/dockerfile:1

FROM node:22-bookworm-slim AS manifests
WORKDIR /app
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml .npmrc ./
COPY web/package.json web/
COPY bff/package.json bff/
COPY shared/package.json shared/
COPY e2e/package.json e2e/

FROM manifests AS build
RUN npx --yes pnpm@12.21.0 install --frozen-lockfile --filter @wheelhouse/web... --filter @wheelhouse/bff...
COPY tsconfig.base.json ./
COPY shared shared
COPY web web
COPY bff bff
RUN npx --yes pnpm@12.21.0 --filter @wheelhouse/web run build \
  && node bff/build/server.mjs \
  && node bff/build/image.mjs /image

FROM manifests AS packages
# A deployment brings its own Postgres, so the embedded one stays out of the image.
RUN npx --yes pnpm@12.21.0 install --frozen-lockfile --prod --filter @wheelhouse/bff... \
  && rm -rf node_modules/.pnpm/@embedded-postgres+*

FROM node:22-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4600 NODE_OPTIONS=--enable-source-maps
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=packages /app/bff/node_modules bff/node_modules
COPY --from=build /image ./
# For public audit keys and copies of signed checkpoints; mount a volume here to keep them.
RUN install -d -o node .wheelhouse
# By its number, so that an orchestrator can see that it is not root.
USER 1000
WORKDIR /app/bff
EXPOSE 4600
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/liveness`, { signal: AbortSignal.timeout(2500) }).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/main.js"]

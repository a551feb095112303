/**
 * The files that the baseline was made of, with the checksums under which the release before it recorded them, the
 * baseline that stands for them, and the functions as they were then. A database whose ledger holds exactly these
 * files has the same schema as a new one at the baseline. Nothing here changes any more: what comes later is a
 * migration or another checksum of a function, and is applied to both.
 */
export const formerLedger: {
  migrations: ReadonlyMap<string, string>;
  baseline: ReadonlySet<string>;
  functions: ReadonlyMap<string, string>;
} = {
  migrations: new Map([
    ["0001-roles.sql", "f0af6d2ce4d36550945b734c8a7166e95c1aebf937a8a34fe6cb931a19283e3d"],
    ["0002-access.sql", "f6625b9aca186903c37551f882832e558df03b45e80f552e51001289d4951879"],
    ["0003-audit.sql", "b70929392e31cde5b9b3512fee79455f321cd93a9ba86ce657d83a6ee7a837c2"],
    ["0010-webhooks.sql", "ad7d3e91fba634ba9a4f856c9f9e1d3db1bb6dda9e901efef52a046a5b04a0f0"],
    ["0020-step-up.sql", "def561ab02bed50537ad37543f325ad3286e0f5111a50e6d0306d2ff598796ff"],
    ["0021-password-resets.sql", "ae1d798f378e064986bb5a4ff3c8f7037b8d17b3bb9794841b84e89d669b9ba0"],
    ["0022-oidc.sql", "0c37de4d8ef0ce8f51806fc69aa0b231fe05c4d9b72b69de42f7a0320dd51c8c"],
    ["0030-members.sql", "7dd7f3517d134706860c43c352d88d99ab5589807b6e2f325b089d2f26d2cdea"],
    ["0040-audit-proof.sql", "cebdb4c6b3b10a2a35de2dc8480d7240fea518a8d301e2a9b41e02bc6112c7c9"],
    ["0050-audit-review.sql", "0fa56742829148aff4819e448ae2ae891bc002dfd94a7f122758fe2036462947"],
    ["0051-audit-find.sql", "7ada4b90c9c3f7dc8aaf998c960f66d759bab364b05266ee170f58a19eee9eb5"],
    ["0052-audit-reading.sql", "630a2810767efd9700e76c0a5dfaa304f3fbb1e61eed219e5b28cac46f59c980"],
    ["0053-audit-policies.sql", "a7997881c55bc34124048bde593354dbd612c8baf8809ddd0c182aa144c01ccc"],
    ["0060-accounts-wall.sql", "1172da0f3ae9d539c0e2b266d0d72e515a499a721399b1c189ae58485f893774"],
    ["0070-sources.sql", "e8001f91eb8fefa2a54d207ec503faaf95acf9b3e8e2810cd5f91e0ed0af728c"],
    ["0080-maintenance.sql", "321351166020199acb0a1060e98e860ece0218590907d1f59bde2978faece21e"],
    ["0090-operations.sql", "5a98bac18802602f4a907a4c660010b62780716657da2272905113dfd8a1859f"],
    ["0100-history.sql", "48076807a4cc33c92d20d031de947c6859e9c5f413187d28e28de9791c3c24e6"],
    ["0110-heartbeat-secrets.sql", "1da3797d09642baf1ae1e9497a14d9cad6e2ea235bca6610fc85d8386b783cb3"],
    ["0111-operations-of-target.sql", "e8fa052f316aac1ad107d5995d50594dad932500025ce5d06d66b49d1b3cb950"],
    ["0114-history-journal-subject.sql", "2e29dcfaa4bf4c0e68bd3b4c5e918d5e69975a54d6cf14123101e0c7ab66d73d"],
    ["0115-history-frames-servers.sql", "4b06d2398f141eb92d218866ae61d3f444267d9b6749de35f2aabb15fdbbb218"],
    ["0118-cache-removals.sql", "d04caadf8e20d01beaa100170e657e590a4b8a6962ed1077877c7ac7df76ca50"],
    ["0122-audit-not.sql", "6bcaabeae194bac27eb726076fa5a7001a31254f8c8615381dd559aa0f83e8fb"],
    ["0130-audit-order.sql", "95e3cce875359e51c9858122239dd5858ac8eb74d3a207e03d52219be38ee532"],
    ["0140-declared-caches.sql", "b2561c4b3005ff547351f581f51d7a4ffe514882496617be3ae1d6ce26ef7929"],
    ["0141-history-frames-details.sql", "733f0e09e66c0d83fcf7ab4aa606f5b10d7658b66bfe4fa053859f4c9af3fa64"],
    ["0145-people-wall.sql", "89212c89bb6060028199f3d342c0ac19eaddf475c8533c4f95b427dd02bac75b"],
    ["0146-administrator-acts.sql", "cdc3633942e41a66f51ccab7ffb3caf8a11b2fcf256dde35eddb679273b6dddc"],
    ["0150-audit-blocks.sql", "c61b5c9757fadbded1ce614f833b909c2382d7aca1a43cfa993137c726c4cc64"],
    ["0151-audit-find-plans.sql", "60655298f6cd12e82a25e20f63b4ea6e752a84a9cd22893480a4120dda6a4c8c"],
    ["0152-audit-find-kept-plan.sql", "5d1db4bbd8493bc653a8eb44aa44ca9d2c8cfd51807644341982fb51bf779cb3"],
    ["0160-webhook-replays.sql", "b011b540a80c88fcb6231f7d34085377e21020faa79b070a8ff369658dbc3ced"],
  ]),
  baseline: new Set([
    "0001-baseline-foundation.sql",
    "0002-baseline-access.sql",
    "0003-baseline-audit.sql",
    "0004-baseline-webhooks.sql",
    "0005-baseline-sources.sql",
    "0006-baseline-health.sql",
    "0007-baseline-operations.sql",
    "0008-baseline-caches.sql",
    "0009-baseline-history.sql",
  ]),
  functions: new Map([
    ["functions/audit-begins.sql", "bf824f73cc1fc38fd6ebddbf1b869d655686c95fb1c903d5272791c0164a4ef9"],
    ["functions/audit-csv-cell.sql", "156f1686522901f87df024afee8cda35ebcc84cbff94dbf6fc2fe14d74e40c6f"],
    ["functions/audit-csv-line.sql", "1032f7d85b141b89f18d72395615935bf766a33b2b573f62a862f85f66ae0575"],
    ["functions/audit-expire.sql", "e6b2d8e673df427c1471620527c0efd2f33786606b4cf44bc3e0fd693b57fe88"],
    ["functions/audit-lexeme.sql", "f62f2f4aeb3fb75bd3bdb97e89e1a2fbe0e32a1cdc08eb9524f8ed7d117e3193"],
    ["functions/audit-link-hash.sql", "118b40f088d356f00be1538312ab0227bcfd48606457a663f2164dde6d11dd86"],
    ["functions/audit-ndjson-line.sql", "17bedc3178d5133b2c58680663ba718183445348fe1062f5b810fcaa32762134"],
    ["functions/audit-query.sql", "9c35ccf7a316de0e9b0699f6ad056b48144d2b41090854652dc4e273c69b3227"],
    ["functions/bound-audit-pending.sql", "013020ed19bc8a3689947aa0eac49d5b94ddc6a73499e11c29e24636f4914b12"],
    ["functions/browse-audit.sql", "dc9ef59f63f708c03366880d9f8dea4e2c836ef1cd0f683b869f3951da492bae"],
    ["functions/build-audit-blocks.sql", "74106d67d52ccad59bab9ccdb33c153bc7b11ef1bf07a1b0dc044b04a1541686"],
    ["functions/find-audit.sql", "d9c830482ff143649676ff689b94dccdb1ab7e6193d045b22bebc5e239259c75"],
    ["functions/lock-audit-expiry.sql", "fcbc24789a9c277dd19f68aaccbbd5229301f0306a478b8e5de19559690a0848"],
    [
      "functions/make-audit-partitions.sql",
      "86d45db58427ab64250b3754a5a54038a47ab8cd66bbca80f6452f410454ba9a",
    ],
    [
      "functions/make-webhook-partitions.sql",
      "e256263fb59e84997db6ad7203f1a103f9618b0720a90e9e56cfda1cc848920f",
    ],
    ["functions/order-audit-month.sql", "918c904f229057aeda6b2afcbd26ada8eff1f688a7cbdd161f8d6520cdca3f00"],
    ["functions/roll-up-audit.sql", "868915fa6f3e2156fc15260fdb751e2cc85c7f1c2ecf47766d6645881591a787"],
    ["functions/rotate-session.sql", "ec7911590688941c0569c1255d07bc15f8de7c04e608390df65f19fe414e3258"],
  ]),
};

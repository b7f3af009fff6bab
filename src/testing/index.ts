export { backendContract, type BackendContract, type OpenedBackend } from "./backend-contract.js";
export { cacheContract, type CacheContract, type OpenedCache } from "./cache-contract.js";
export { pubsubContract, type OpenedPubSub, type PubSubContract } from "./pubsub-contract.js";
export { testApp, type TestApp, type VisitOptions } from "./test-app.js";
export type { TestPage } from "./test-page.js";

export { testApp, type TestApp, type VisitOptions } from "./test-app.js";
export type { TestPage } from "./test-page.js";

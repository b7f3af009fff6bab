export { testApp, type TestApp, type TestPage, type VisitOptions } from "./test-app.js";

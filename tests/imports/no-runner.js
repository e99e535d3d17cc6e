/** Stands in for Vitest where only the importing of what imports it is looked at. */
const nothing = () => {};

export {
  nothing as afterAll,
  nothing as afterEach,
  nothing as beforeAll,
  nothing as beforeEach,
  nothing as describe,
  nothing as expect,
  nothing as it,
};

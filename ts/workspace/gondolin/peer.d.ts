/** The optional package. It is not installed here; what is used of it is in `package.ts`. */
declare module '@earendil-works/gondolin'

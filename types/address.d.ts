/** What bundlers that are told to copy files of this kind make of an import of one: its address. */
declare const address: string;
export default address;

/** What WASI's streams have in common, of files and of sockets: a class of the resource's name, which the component's glue looks for. */

/** Why an operation of a stream failed. */
export class IoError {
  #text;

  /** @param {string} text */
  constructor(text) {
    this.#text = text;
  }

  toDebugString() {
    return this.#text;
  }
}

/** Gives bytes by read() and blockingRead(). */
export class InputStream {
  skip(length) {
    return BigInt(this.read(length).length);
  }

  blockingSkip(length) {
    return BigInt(this.blockingRead(length).length);
  }
}

/** Takes bytes by checkWrite(), write() and flush(). */
export class OutputStream {
  writeZeroes(length) {
    this.write(new Uint8Array(Number(length)));
  }
}

/** Why a broker does not start, in words for the person who started it. Nothing was changed. */
export class StartRefusal extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'StartRefusal'
  }
}

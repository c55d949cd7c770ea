/**
 * ApiVersions: what this broker offers. The first request of a connection, answered before anything else is known of the
 * client. v3 asks for the name and version of the client's software, refused with 42 when they could not be a name; v4
 * features whose lowest level is 0. A version that is not known is answered in broker/net/request-codec.ts.
 *
 * The response header never has tagged fields (wire/header.ts). Source: KIP-35, KIP-511, KIP-584.
 */
import { errorCodeOf } from '../../spec/errors.ts'
import { type ApiVersionsRequest, type ApiVersionsResponseInput, apiVersionsApi } from '../../wire/gen/api-versions.ts'
import type { AdvertisedRange } from './api-table.ts'
import { type Handler, type Served, serve } from './handler.ts'

const SOFTWARE_SINCE = 3
const SOFTWARE_TEXT = /^[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?$/
/** Longer than any real one; bounds what the pattern looks at. */
const SOFTWARE_CHARS_MAX = 1024

/** `advertised` is asked for at each request: the table that holds this handler is made after it. */
export function apiVersions(advertised: () => readonly AdvertisedRange[]): Served {
  const handle: Handler<ApiVersionsRequest, ApiVersionsResponseInput> = (context, request) => {
    if (context.apiVersion >= SOFTWARE_SINCE && !namesSoftware(request)) {
      return { body: { errorCode: errorCodeOf('INVALID_REQUEST'), apiKeys: [] } }
    }
    return { body: { apiKeys: advertised() } }
  }
  return serve(apiVersionsApi, handle)
}

function namesSoftware({ clientSoftwareName, clientSoftwareVersion }: ApiVersionsRequest): boolean {
  return [clientSoftwareName, clientSoftwareVersion].every(
    text => text.length <= SOFTWARE_CHARS_MAX && SOFTWARE_TEXT.test(text),
  )
}

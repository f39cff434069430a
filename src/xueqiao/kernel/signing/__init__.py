"""Signed documents that strangers can check: W3C Data Integrity, did:web, status lists.

Nothing here knows a certificate, a table or the network: contexts and schemas are files of this
package, and a document that names any other context is refused.
"""

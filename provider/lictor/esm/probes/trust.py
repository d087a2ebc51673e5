"""Whom probes trust, and how they show who asks: contexts of TLS."""

from __future__ import annotations

import ssl

from lictor import errors


class Trust:
    """Contexts of TLS: made once, of the authorities and the certificate of the settings.

    Args:
        ca_file: PEM file of authorities; empty for the system's.
        ca_path: Folder of such files; empty for the system's.
        cert_file: PEM file of our certificate; empty for none.
        key_file: PEM file of its key.

    Raises:
        errors.SettingsError: One of the files cannot be used.
    """

    def __init__(
        self, ca_file: str = "", ca_path: str = "", cert_file: str = "", key_file: str = ""
    ) -> None:
        self._files = (ca_file, ca_path, cert_file, key_file)
        self._contexts: dict[tuple[bool, str], ssl.SSLContext] = {}
        if any(self._files):
            self.context(verify=True)

    def context(self, *, verify: bool, protocol: str = "") -> ssl.SSLContext:
        """Give a context; `protocol` is offered by ALPN."""
        found = self._contexts.get((verify, protocol))
        if found is None:
            found = self._contexts[verify, protocol] = self._made(verify, protocol)
        return found

    def _made(self, verify: bool, protocol: str) -> ssl.SSLContext:  # noqa: FBT001 - from `context`
        ca_file, ca_path, cert_file, key_file = self._files
        try:
            context = ssl.create_default_context(cafile=ca_file or None, capath=ca_path or None)
            if cert_file:
                context.load_cert_chain(cert_file, key_file)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise errors.SettingsError(
                f"https_ca_file, https_ca_path, https_cert_file, https_key_file: {why}"
                f" ({', '.join(filter(None, self._files))})"
            ) from None
        if not verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if protocol:
            context.set_alpn_protocols([protocol])
        return context

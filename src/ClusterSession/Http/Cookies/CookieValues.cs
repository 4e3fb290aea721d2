namespace ClusterSession.Http.Cookies;

/// <summary>
/// The values of the cookies of one name in a Cookie header; several, if they were set for
/// different paths. The parser of the framework makes a dictionary of all cookies, 300 bytes and
/// half a microsecond that a request without a session does not spend.
/// </summary>
internal ref struct CookieValues(string? header, string name)
{
    private ReadOnlySpan<char> _rest = header;

    public ReadOnlySpan<char> Current { get; private set; }

    public bool MoveNext()
    {
        while (!_rest.IsEmpty)
        {
            var end = _rest.IndexOf(';');
            var pair = (end < 0 ? _rest : _rest[..end]).Trim(' ');
            _rest = end < 0 ? default : _rest[(end + 1)..];
            if (
                pair.Length > name.Length
                && pair[name.Length] == '='
                && pair.StartsWith(name, StringComparison.Ordinal)
            )
            {
                Current = pair[(name.Length + 1)..].Trim('"');
                return true;
            }
        }

        return false;
    }
}

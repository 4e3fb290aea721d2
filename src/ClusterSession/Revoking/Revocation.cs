using ClusterSession.Principals;
using ClusterSession.Stores;

namespace ClusterSession.Revoking;

/// <summary>
/// One end of all of a principal's sessions: an element of the document of revocations.
/// </summary>
/// <param name="Principal">Whose sessions.</param>
/// <param name="Process">The node process that ended them.</param>
/// <param name="Number">The ordinal number of the end: that process counts those that it makes, of
/// all principals together.</param>
internal readonly record struct Revocation(PrincipalKey Principal, long Process, long Number)
{
    private const int IdLength = PrincipalKey.ByteLength + 6;

    /// <summary>Reads an element; false if it is of another format.</summary>
    public static bool TryRead(in DocumentElement element, out Revocation revocation)
    {
        var id = element.Id.Span;
        revocation = default;
        if (id.Length != IdLength || element.Rank is < 1 or > uint.MaxValue)
        {
            return false;
        }

        revocation = new Revocation(
            PrincipalKey.Read(id),
            PrincipalVector.ReadProcess(id[PrincipalKey.ByteLength..]),
            element.Rank
        );
        return true;
    }

    public DocumentElement ToElement(TimeSpan life)
    {
        var id = new byte[IdLength];
        Principal.WriteTo(id);
        PrincipalVector.WriteProcess(id.AsSpan(PrincipalKey.ByteLength), Process);
        return new DocumentElement(id, Number, default, life);
    }
}

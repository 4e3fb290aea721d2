using System.Xml.Linq;
using ClusterSession.Recovery;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace ClusterSession.DataProtection;

/// <summary>
/// A repository of Data Protection in the session store. It is synchronous and waits for nothing:
/// it answers from what the background has read, and what it is given is written in the background.
/// </summary>
/// <param name="elements">Asked for at the first use: the store's options ask the cookie schemes
/// how long logins live, and those need Data Protection, which needs this repository.</param>
/// <param name="start">Asked for at the first use, as the elements.</param>
internal sealed class SessionXmlRepository(Func<SharedXmlElements> elements, Func<StoreStart> start)
    : IDeletableXmlRepository
{
    public IReadOnlyCollection<XElement> GetAllElements()
    {
        _ = start().BeginAsync(); // The first use may come before the host starts, which then learns of a failure.
        return elements().Read();
    }

    public void StoreElement(XElement element, string friendlyName)
    {
        ArgumentNullException.ThrowIfNull(element);
        elements().Add(element);
    }

    public bool DeleteElements(Action<IReadOnlyCollection<IDeletableElement>> chooseElements)
    {
        ArgumentNullException.ThrowIfNull(chooseElements);
        Deletable[] all = [.. elements().Read().Select(static element => new Deletable(element))];
        chooseElements(all);
        var chosen = all.Where(static element => element.DeletionOrder is not null)
            .Select(static element => element.Element);
        elements().Retire(chosen);
        return true;
    }

    private sealed class Deletable(XElement element) : IDeletableElement
    {
        public XElement Element { get; } = element;

        public int? DeletionOrder { get; set; }
    }
}
